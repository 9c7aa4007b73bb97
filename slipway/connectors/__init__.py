"""
How pyinfra reaches the container it is in (`@live`), or one from outside (`@container/NAME`).
"""
