"""The forms in which a model is kept, in the order in which an object is offered to them."""

from __future__ import annotations

from collections.abc import Mapping

from mlops_cli.models.card import Flavor
from mlops_cli.models.flavors import function, lightgbm, onnx, pickled, sklearn, xgboost
from mlops_cli.models.flavors.base import Member

FLAVORS: Mapping[Flavor, Member] = {
    "xgboost": xgboost,
    "lightgbm": lightgbm,
    "onnx": onnx,
    "function": function,
    "sklearn": sklearn,
    "pickle": pickled,
}
