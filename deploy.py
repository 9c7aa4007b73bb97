"""
The container's desired state, in the order in which it is brought about.

The same file builds the image, converges a starting container and one that is running.
"""

from pyinfra import host

from tasks import environment, overlay, packages, remotes, services, ssh, workspace

settings = host.data.settings
live = host.data.live  # false while an image is built: what belongs to one container waits

packages.install()
overlay.lay()
environment.publish(settings=settings, live=live)
ssh.serve(settings=settings, live=live)
workspace.share(settings=settings, live=live)
services.supervise()
remotes.mount(settings=settings, live=live)
