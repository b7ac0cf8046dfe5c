"""The web page: what people meet first. Speaks HTTP to the API only and holds no state.

settings.py   its own settings, read from ``HFER_WEB__*``
gateway.py    every call to the API; the API key stays in here
guard.py      what each request must pass, and the headers that each answer carries
access.py     who may use the page: nobody but this host, or who knows the password
streams.py    event streams to browsers: bounded, and over when somebody goes
batches.py    photos of a large upload: split, hashed and spooled as they come
views/        from the API's answers to what templates show; pure
pages/        one module per page
"""
