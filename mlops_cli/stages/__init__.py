"""The stage verbs: word in the spec -> module that executes it, imported when a stage of that verb runs."""

VERB_MODULES = {
    "call": "mlops_cli.stages.call",
    "sh": "mlops_cli.stages.sh",
    "sql": "mlops_cli.stages.sql",
    "split": "mlops_cli.stages.split",
    "fit": "mlops_cli.stages.fit",
    "validate": "mlops_cli.stages.validate",
    "select": "mlops_cli.stages.select",
    "register": "mlops_cli.stages.register",
}
