"""What pyproject.toml cannot say: a wheel has `app` and `migrations` inside `dossier_server`."""

from setuptools import find_packages, setup

SERVER = ("app", "migrations")

setup(
    packages=[
        *find_packages(include=["dossier", "dossier.*", "dossier_server"]),
        *(f"dossier_server.{name}" for name in find_packages(include=[f"{name}*" for name in SERVER])),
    ],
    package_dir={f"dossier_server.{name}": name for name in SERVER},
)
