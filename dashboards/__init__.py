"""Grafana's dashboards and alert rules, written by `python -m dashboards`. Not a part of the running program."""

import importlib
import warnings

with warnings.catch_warnings():
    # The SDK says at import that it prefers the model v2. The classic one is loaded by Grafana 10 to 13, v2 by 13 only.
    warnings.filterwarnings("ignore", "Prefer using", DeprecationWarning)
    importlib.import_module("grafana_foundation_sdk.models.dashboard")
