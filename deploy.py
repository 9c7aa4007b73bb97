"""
The container's desired state, in the order in which it is brought about.

The same file builds the image, converges a starting container and one that is running.
"""

from pyinfra import host

from tasks import (
    environment,
    extensions,
    image,
    overlay,
    packages,
    remotes,
    services,
    sessions,
    ssh,
    users,
    workspace,
)

settings = host.data.settings
live = host.data.live  # false while an image is built: what belongs to one container waits
is_start = bool(host.data.get("is_start"))  # packages are only looked at then: SSH comes first

if is_start:
    ssh.begin()
else:
    packages.install(live=live)
overlay.lay(added=host.data.extensions)
users.admit(settings=settings, live=live)
environment.publish(settings=settings, live=live)
ssh.serve(settings=settings, live=live)
if is_start:
    packages.install(live=live)
workspace.share(settings=settings, live=live)
sessions.equip(settings=settings, live=live)
extensions.converge(added=host.data.extensions)
services.supervise()
remotes.mount(settings=settings, live=live)
image.record(live=live)
