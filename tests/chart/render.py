"""Render a chart with Helm, and print what it makes as JSON.

    python tests/chart/render.py <chart> <values as JSON>

It runs in a Python of its own, whose packages are those of tests/chart/requirements.txt. Each object is
checked against Kubernetes' schemas; `fault` is what they say, "" if nothing and "no schema" for other
people's kinds.
"""

import json
import sys

import kubernetes_validate
import yaml
from helm_python import chart as helm
from helm_python.errors import HelmError

ROOT, VALUES = sys.argv[1], json.loads(sys.argv[2])


def fault_of(made: dict) -> str:
    try:
        kubernetes_validate.validate(made, "1.37", strict=True)
    except kubernetes_validate.SchemaNotFoundError:
        return "no schema"
    except kubernetes_validate.ValidationError as error:
        return str(error)[:300]
    return ""


def rendered() -> dict:
    with helm.Chart.load(ROOT) as chart:
        try:
            files = chart.render(values=VALUES, name="r", namespace="n")
        except HelmError as error:
            return {"refused": str(error)}
    made = [
        one
        for name, text in files.items()
        if name.endswith(".yaml")
        for one in yaml.safe_load_all(text)
        if isinstance(one, dict)
    ]
    return {"refused": "", "objects": made, "faults": [fault_of(one) for one in made]}


sys.stdout.write(json.dumps(rendered()))
