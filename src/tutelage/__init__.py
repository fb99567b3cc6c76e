"""Tutelage: indoor positioning from radio fingerprints, and knowledge transfer between buildings.

    import tutelage as tt

    survey = tt.load("tampere")
    model = tt.Localizer().fit(survey)
    print(tt.evaluate(model, survey.test))

A name is imported when it is first used: loading a survey does not wait for PyTorch. The stub `__init__.pyi`
says where each name lives.
"""

from __future__ import annotations

from typing import Any

import lazy_loader

from tutelage.errors import missing_package_message

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    try:
        return _load(name)
    except ModuleNotFoundError as error:
        message = missing_package_message(f"tutelage.{name}", error) or str(error)
        raise ModuleNotFoundError(message, name=error.name, path=error.path) from error
