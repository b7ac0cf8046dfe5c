"""The pages, a module each: request in, API asked, template or stream out."""
