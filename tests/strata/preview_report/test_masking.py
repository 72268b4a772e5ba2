"""What looks like a secret is masked even where the engine did not know it for one."""

from __future__ import annotations

from typing import Any

import pytest

from strata.preview_report.masking import SECRET, masked


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"masterPassword": "x"}, {"masterPassword": SECRET}),
        ({"passwordWo": "x", "password_wo": "x"}, {"passwordWo": SECRET, "password_wo": SECRET}),
        ({"a": [{"secretString": "x"}]}, {"a": [{"secretString": SECRET}]}),
        ({"masterPassword": ""}, {"masterPassword": ""}),
        ({"masterUserPasswordArn": "arn:aws:x"}, {"masterUserPasswordArn": "arn:aws:x"}),
        ({"manageMasterUserPassword": True}, {"manageMasterUserPassword": True}),
        ("postgresql://app:x@db:5432/strata", "postgresql://app:***@db:5432/strata"),
        ("see https://docs.example/a:b", "see https://docs.example/a:b"),
        (["https://u:p@h", 3, None], ["https://u:***@h", 3, None]),
    ],
)
def test_masked(value: Any, expected: Any) -> None:
    assert masked(value) == expected
