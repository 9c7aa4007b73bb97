from slipway.operations import packages, python

packages.installed(name="Install hello", packages=["hello", "python3-venv"])
python.environment(name="Make an environment", path="/opt/bench", packages=["six==1.17.0"])
