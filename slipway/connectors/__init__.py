"""
pyinfra connectors: `@live`, the container this process runs in.
"""
