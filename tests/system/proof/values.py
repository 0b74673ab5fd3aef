"""What a meter of the proof shows: a pure function of meter, register and time.

Journal, checker and meters agree on nothing else. A value that was stored for another meter,
register or instant cannot be equal by chance: the energy counts with the time, the rest is a
checksum of all three.
"""
import zlib

# (column of the store, first register, registers, offset and range of the values)
POINTS = (
    ("energy_import", 0, 2, None, None),
    ("power_w", 2, 2, 0, 2_000_000),
    ("voltage_a_mv", 4, 2, 200_000, 60_000),
    ("current_a_ma", 6, 2, 0, 500_000),
    ("reactive_var", 8, 2, 0, 1_000_000),
    ("frequency_mhz", 10, 2, 49_000, 2_000),
)
N_REGISTERS = 12
WH_PER_METER = 2_000_000  # the counters of two meters never meet
MS_PER_WH = 20

PROFILE = """\
profile: proof
name: Meter of the proof
version: "1"
source: tests/system/proof/values.py
side: primary
function: 3
type: u32
order: big
max_registers: 50
energy: { digit: 0.001 kWh }
points:
  - { quantity: energy_import_wh, address: 0, factor: 0.001, unit: kWh, source: "values.py" }
  - { quantity: power_w, address: 2, unit: W, source: "values.py" }
  - { quantity: voltage_a_mv, address: 4, factor: 0.001, unit: V, source: "values.py" }
  - { quantity: current_a_ma, address: 6, factor: 0.001, unit: A, source: "values.py" }
  - { quantity: reactive_var, address: 8, unit: var, source: "values.py" }
  - { quantity: frequency_mhz, address: 10, factor: 0.001, unit: Hz, source: "values.py" }
"""


def value(meter, column, t_ms, base_ms):
    """meter counts from 1; t_ms is the instant of the reply."""
    for name, _, _, offset, span in POINTS:
        if name == column:
            if span is None:
                return meter * WH_PER_METER + (t_ms - base_ms) // MS_PER_WH
            return offset + zlib.crc32(f"{meter} {column} {t_ms}".encode()) % span
    raise KeyError(column)


def image(meter, t_ms, base_ms):
    """All registers as bytes, high word first."""
    return encode({name: value(meter, name, t_ms, base_ms) for name, *_ in POINTS})


def encode(values):
    out = bytearray(2 * N_REGISTERS)
    for name, first, n, _, _ in POINTS:
        out[2 * first:2 * (first + n)] = values[name].to_bytes(2 * n, "big")
    return bytes(out)
