"""Pictures of the dashboards, drawn by Grafana's own components; `make preview`. Not a part of the running program."""
