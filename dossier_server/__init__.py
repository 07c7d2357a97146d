"""The `dossier` command.

A wheel installs the server in this folder.

The server's packages are `app` and `migrations`. At the top of site-packages they would collide with
packages of the same names in a user's project, so a wheel keeps them in here (see setup.py), and the
command puts their folder first in `sys.path`.
"""
