"""
rclone remotes as directories of the workspace, mounted or copied.
"""
