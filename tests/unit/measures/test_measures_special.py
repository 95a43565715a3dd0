"""Our special functions against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from mlops_cli.measures.special import gamma_above, kolmogorov, kolmogorov_quantile, normal, normal_quantile

SIZES = np.concatenate((np.linspace(0.01, 6, 300), [1.18, 8.0, 12.0, 20.0]))


def test_normal_shares_and_quantiles() -> None:
    for z in np.concatenate((-SIZES, SIZES)):
        assert normal(z) == pytest.approx(special.ndtr(z), rel=1e-12)
    for share in (1e-300, 1e-20, 1e-5, 0.01, 0.3, 0.5, 0.975, 1 - 1e-9):
        assert normal_quantile(share) == pytest.approx(special.ndtri(share), rel=1e-9, abs=1e-12)


def test_kolmogorov() -> None:
    assert kolmogorov(0.0) == kolmogorov(-1.0) == 1.0
    for x in SIZES:
        assert kolmogorov(x) == pytest.approx(special.kolmogorov(x), rel=1e-11, abs=1e-300)


def test_the_quantile_of_kolmogorov() -> None:
    for chance in (1e-12, 0.001, 0.05, 0.5, 0.999):
        assert kolmogorov_quantile(chance) == pytest.approx(special.kolmogi(chance), rel=1e-9)


@pytest.mark.parametrize("shape", [0.5, 1.0, 1.5, 4.0, 9.5, 30.0, 127.5, 500.0, 4000.0])
def test_incomplete_gamma(shape: float) -> None:
    for x in (
        1e-8,
        0.1,
        0.5,
        1.0,
        *(shape * factor for factor in (0.3, 0.9, 0.999, 1.0, 1.001, 1.1, 2.0, 5.0)),
        shape + 1,
    ):
        assert gamma_above(shape, x) == pytest.approx(special.gammaincc(shape, x), rel=1e-9, abs=1e-280)
    assert (gamma_above(shape, 0.0), gamma_above(shape, np.inf)) == (1.0, 0.0)
