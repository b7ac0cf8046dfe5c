"""Archives of photos, opened by the API: hostile until the last byte is counted.

meters   what one request may unpack, counted in real bytes and never by a header
entries  a file in an archive: its name, and why one is refused
inflate  compressed streams in bounded memory
zips     the entries of a zip
tars     the entries of a tar, plain or gzip, bzip2, xz
expand   from an archive to its photos, one at a time
"""
