"""The services that own things, over HTTP."""
