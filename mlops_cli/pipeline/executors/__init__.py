"""The executors by name; each is imported when it is first used."""

EXECUTORS = {"local": "mlops_cli.pipeline.executors.local"}
