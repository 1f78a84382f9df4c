"""A scale that is asked with `W CR` and answers `<weight> <unit> <S or M> CR LF`. Template of a driver from outside."""

from drivers.kit import Kit, RoundTrip, Sample
from template_scale.session import Settings, TemplateScale
from template_scale.simulated import SimulatedTemplateScale

__all__ = ["KIT", "Settings", "TemplateScale"]

KIT = Kit(
    driver=TemplateScale,
    samples=(
        Sample(
            "stable",
            b"   1.250 kg S\r\n",
            ({"is": "WeightRead", "mass_mg": 1_250_000, "text": "1.250", "unit": "kg", "stable": True},),
        ),
        Sample("moving", b"  -0.040 kg M\r\n", ({"is": "WeightRead", "mass_mg": -40_000, "stable": False},)),
        Sample("overload", b"  ------ kg O\r\n", ({"is": "WeightRead", "mass_mg": None, "overload": True},)),
        Sample("noise", b"hello\r\n", ({"is": "DeviceFault", "code": "garbled"},)),
    ),
    round_trips=(
        RoundTrip(
            "a parcel of 1.25 kg is put on and settles",
            lambda: SimulatedTemplateScale(((0, 0), (2_000, 1_250_000))),
            (
                {"is": "DeviceUp"},
                {"is": "WeightRead", "mass_mg": 0, "stable": True},
                {"is": "WeightRead", "stable": False},
                {"is": "WeightRead", "mass_mg": 1_250_000, "stable": True},
            ),
        ),
    ),
)
"""Tried by `hub driver check template_scale`."""
