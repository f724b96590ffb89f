"""A power-quality meter written from docs/generic-pq.md alone, with nothing but Python's standard library.

usage: generic_pq_meter.py tcp PORT | rtu PATH BAUD [options]
Prints one line of JSON with what it measures once it can be asked.

Its supply: 230 V and 50 Hz, sine; 5 A that lag by 30 degrees in phase A (consumption, inductive), by 150 in B
(generation) and lead by 60 in C (capacitive). With --sag, phase A falls to 0.6 pu for 0.2 s.
"""
import argparse
import collections
import json
import math
import os
import struct
import time

from plain_modbus import listen, open_line, serve_rtu, serve_tcp

NAMES = ["va", "vb", "vc", "vn", "vab", "vbc", "vca", "ia", "ib", "ic", "in"]
SHIFT = {"a": 0.0, "b": 120.0, "c": 240.0}
LAG = {"a": 30.0, "b": 150.0, "c": -60.0}
VOLTAGE, CURRENT, FREQUENCY, RESIDUAL, SAG_LENGTH = 230.0, 5.0, 50, 0.6, 0.2
SCALES = {"v": 1 / 32, "i": 1 / 1024}
RANGE, HALF_RANGE = 2**32, 2**31
SETTINGS, SAG, SWELL, LOG_CTRL, DIVIDER = [90, 110, 1, 20, 1, 0, 1], 0, 1, 4, 6
RANGES = [(0, 17), (4001, 4007), (4010, 4017), (4020, 4020), (4099, 4099), (4100, 4133), (4140, 4143),
          (4200, 4249), (4300, 4419), (10000, 59999)]
WRITABLE = {*range(4001, 4008), 4012, 4013, 4099, 4142, 4143}
FORMAT, MARGIN, LOG_DEPTH, UNKNOWN = 65535, 0.2, 50, float("nan")


class Refused(Exception):
    """A request that is answered with an exception."""


def words(layout, *values):
    """Registers of values, high word first."""
    data = struct.pack(">" + layout, *values)
    return list(struct.unpack(f">{len(data) // 2}H", data))


class Meter:
    def __init__(self, options):
        self.rate, self.depth = options.rate, options.fifo
        self.channels = [name for name in NAMES if name in options.channels.split(",")]
        self.full = 117 // len(self.channels)
        self.sag_at, self.state = options.sag, options.state
        self.plain, self.format = options.no_divider, FORMAT
        self.settings, self.energy = list(SETTINGS), [0.0] * 4
        if self.state and os.path.exists(self.state):
            with open(self.state, encoding="ascii") as file:
                self.settings, self.energy = json.load(file)
        if options.log_ctrl is not None:
            self.settings[LOG_CTRL] = options.log_ctrl
        self.monotonic, self.origin = time.monotonic(), time.time()
        self.taken = 0
        self.recent = {name: collections.deque(maxlen=self.rate // 5) for name in self.channels}
        # The waveform FIFO: (words, first sample, samples); a block's number follows from its place.
        self.blocks = collections.deque(maxlen=self.depth)
        self.next = self.pointer = options.first_block % RANGE
        self.begun, self.begun_at, self.overflow = None, 0, False
        self.count, self.log_pointer = 0, 1
        self.entries = collections.deque(maxlen=LOG_DEPTH)
        self.outside, self.event, self.pending = {}, None, []
        self.readings = {}

    # --- what is measured -------------------------------------------------------------------------------------

    def now(self):
        return self.origin + time.monotonic() - self.monotonic

    def micros(self, sample):
        return round((self.origin + sample / self.rate) * 1e6)

    def signal(self, name, sample):
        kind, phase = name
        t = sample / self.rate
        angle = 2 * math.pi * FREQUENCY * t - math.radians(SHIFT[phase])
        if kind == "i":
            return math.sqrt(2) * CURRENT * math.sin(angle - math.radians(LAG[phase]))
        sagging = phase == "a" and self.sag_at is not None and self.sag_at <= t < self.sag_at + SAG_LENGTH
        return math.sqrt(2) * VOLTAGE * math.sin(angle) * (RESIDUAL if sagging else 1)

    def advance(self):
        due = int((self.now() - self.origin) * self.rate)
        while self.taken < due:
            sample = self.taken
            values = [self.signal(name, sample) for name in self.channels]
            for name, value in zip(self.channels, values):
                self.recent[name].append(value)
            if self.settings[LOG_CTRL] & 1:
                self.keep(sample, values)
            self.taken += 1
            if self.taken % (self.rate // (2 * FREQUENCY)) == 0:
                self.watch()
            if self.taken % (self.rate // 5) == 0:
                self.measure()
            self.write_entries()

    def measure(self):
        """Means over the last ten cycles, and what they add to the energies."""
        found = {}
        length = self.rate // 5
        turn = [2 * math.pi * FREQUENCY * n / self.rate for n in range(length)]
        cosines, sines = [math.cos(a) for a in turn], [math.sin(a) for a in turn]
        recent = {name: list(values) for name, values in self.recent.items()}
        fundamental = {}
        for name, values in recent.items():
            square = mean(values, values)
            found[name] = math.sqrt(square)
            phasor = complex(2 * mean(values, cosines), -2 * mean(values, sines))
            fundamental[name] = phasor
            ratio = square / (abs(phasor) ** 2 / 2) if abs(phasor) > 0 else UNKNOWN
            found["thd_" + name] = 100 * math.sqrt(max(0.0, ratio - 1))
        for phase in "abc":
            if "v" + phase not in recent or "i" + phase not in recent:
                continue
            v, i = "v" + phase, "i" + phase
            found["p" + phase] = mean(recent[v], recent[i])
            found["q" + phase] = (fundamental[v] * fundamental[i].conjugate()).imag / 2
            found["s" + phase] = found[v] * found[i]
        for kind in "pqs":
            parts = [found[kind + phase] for phase in "abc" if kind + phase in found]
            if parts:
                found[kind] = sum(parts)
        for first, second in ("ab", "bc", "ca"):
            if "v" + first in recent and "v" + second in recent:
                line = [x - y for x, y in zip(recent["v" + first], recent["v" + second])]
                found["v" + first + second] = math.sqrt(mean(line, line))
        if all("i" + phase in recent for phase in "abc"):
            neutral = [sum(x) for x in zip(recent["ia"], recent["ib"], recent["ic"])]
            found["in"] = math.sqrt(mean(neutral, neutral))
        if "va" in recent:
            found["f"] = frequency(recent["va"], self.rate)
        for at, kind in ((0, "p"), (2, "q")):
            thousandths = found.get(kind, 0.0) * length / self.rate / 3.6
            self.energy[at + (thousandths < 0)] += abs(thousandths)
        self.readings = found
        self.save()

    def save(self):
        if self.state:
            with open(self.state + ".new", "w", encoding="ascii") as file:
                json.dump([self.settings, self.energy], file)
            os.replace(self.state + ".new", self.state)

    # --- sags and swells --------------------------------------------------------------------------------------

    def watch(self):
        cycle = self.rate // FREQUENCY
        low, high = self.settings[SAG] / 100, self.settings[SWELL] / 100
        for phase in "abc":
            values = list(self.recent.get("v" + phase, ()))[-cycle:]
            if len(values) < cycle:
                continue
            u = math.sqrt(mean(values, values)) / VOLTAGE
            out = phase in self.outside
            if not out and (u < low or u > high):
                # It began in the later half of this cycle.
                start = self.taken - cycle // 2
                kind = 1 if u < low else 2
                self.event = self.event or {"kind": kind, "start": start, "end": start, "parts": {}}
                self.outside[phase] = start
                self.event["parts"].setdefault(phase, [u, start, start])
            elif out and low + 0.02 <= u <= high - 0.02:
                part = self.event["parts"][phase]
                part[2] = self.event["end"] = self.taken - cycle
                del self.outside[phase]
                if not self.outside:
                    self.pending.append(self.event)
                    self.event = None
            if phase in self.outside:
                part = self.event["parts"][phase]
                part[0] = min(part[0], u) if self.event["kind"] == 1 else max(part[0], u)

    def write_entries(self):
        """An entry appears when all blocks of its capture are complete."""
        margin = round(MARGIN * self.rate)
        while self.pending:
            until = self.pending[0]["end"] + margin
            if self.taken <= until or (self.begun is not None and self.begun_at < until):
                return
            event = self.pending.pop(0)
            begin = event["start"] - margin
            capture = [at for at, (_, first, count, _) in enumerate(self.blocks)
                       if first < until and first + count > begin]
            first = (self.next - len(self.blocks) + capture[0]) % RANGE if capture else RANGE - 1
            self.count = (self.count + 1) % RANGE
            self.entries.append(self.entry(event, first, min(400, len(capture))))

    def entry(self, event, first, blocks):
        def ticks(samples):
            return round(samples * 10000 / self.rate)

        parts = event["parts"]
        extremes = [part[0] for part in parts.values()]
        extreme = min(extremes) if event["kind"] == 1 else max(extremes)
        kind = 3 if event["kind"] == 1 and extreme < 0.1 else event["kind"]
        start = event["start"]
        phases = sum(1 << "abc".index(phase) for phase in parts)
        result = words("IHHQIffIHH", self.count, kind, phases, self.micros(start), ticks(event["end"] - start),
                       VOLTAGE, extreme, first, blocks, 0)
        for phase in "abc":
            u, begin, end = parts.get(phase, (0.0, start, start))
            result += words("fII", u, ticks(begin - start), ticks(end - begin))
        return result + words("fHH", self.readings.get("f", UNKNOWN), 0, 0)

    # --- the waveform FIFO ------------------------------------------------------------------------------------

    def keep(self, sample, values):
        if sample % self.settings[DIVIDER]:
            return
        if self.begun is not None and len(self.begun[0]) == self.full:
            self.close(False)
        if self.begun is None:
            self.begun, self.begun_at = [[] for _ in self.channels], sample
        for column, name, value in zip(self.begun, self.channels, values):
            column.append(max(-32767, min(32767, round(value / SCALES[name[0]]))))

    def close(self, last):
        if self.begun is None:
            return
        count = len(self.begun[0])
        head = words("IHHQ", self.next, self.format, count | (0x100 if last else 0), self.micros(self.begun_at))
        samples = [value & 0xFFFF for column in self.begun for value in column]
        block = head + samples + [0] * (117 - len(samples))
        if len(self.blocks) == self.depth:
            dropped = (self.next - self.depth) % RANGE
            if (dropped - self.pointer) % RANGE < HALF_RANGE:
                self.overflow = True
        divider = self.settings[DIVIDER]
        self.blocks.append((block, self.begun_at, count * divider, (self.format, divider)))
        self.next = (self.next + 1) % RANGE
        self.begun = None

    def block(self, number):
        behind = (self.next - number) % RANGE
        if 1 <= behind <= len(self.blocks):
            return self.blocks[-behind][0]
        return [0xFFFF, 0xFFFF] + [0] * 123

    # --- registers --------------------------------------------------------------------------------------------

    def powers(self):
        found = self.readings
        names = [kind + phase for kind in "pqs" for phase in ("a", "b", "c", "")]
        largest = max([abs(found[name]) for name in names if name in found] + [1.0])
        exponent = max(-4, math.ceil(math.log10(largest / 32767)))
        result = [round(found[name] / 10**exponent) & 0xFFFF if name in found else 0x8000 for name in names]
        for phase in ("a", "b", "c", ""):
            s = found.get("s" + phase, 0.0)
            result.append(round(10000 * found["p" + phase] / s) & 0xFFFF if s > 0 else 0x8000)
        return result + [exponent & 0xFFFF, -4 & 0xFFFF]

    def quantities(self):
        names = ["va", "vb", "vc", "vab", "vbc", "vca", "ia", "ib", "ic", "in", "f"]
        names += ["thd_v" + phase for phase in "abc"] + ["thd_i" + phase for phase in "abc"]
        floats = words("17f", *(self.readings.get(name, UNKNOWN) for name in names))
        return floats + words("4Q", *(int(value) for value in self.energy))

    def status(self):
        scales = [SCALES[name[0]] if name in self.channels else 0.0 for name in NAMES]
        bits = sum(1 << NAMES.index(name) for name in self.channels)
        flags = (1 if self.overflow else 0) | (2 if self.settings[LOG_CTRL] & 1 else 0)
        oldest = (self.next - len(self.blocks)) % RANGE
        behind = (self.next - self.pointer) % RANGE
        held = 1 <= behind <= len(self.blocks)
        number, divider = self.blocks[-behind][3] if held else (self.format, self.settings[DIVIDER])
        return words("HHIIdHH11f", flags, number, oldest, self.next, self.rate / divider, bits, self.full, *scales)

    def log_window(self):
        result = []
        for number in (self.log_pointer, self.log_pointer + 1, self.log_pointer + 2):
            behind = (self.count - number) % RANGE
            result += self.entries[-1 - behind] if behind < len(self.entries) else [0] * 40
        return result

    def read(self, address, count):
        last = address + count - 1
        begin = next((low for low, high in RANGES if low <= address and last <= high), None)
        if begin is None or (begin == 4001 and last == 4007 and self.plain):
            raise Refused(2)
        if begin == 10000:
            first, offset = divmod(address - begin, 125)
            blocks = [self.block((self.pointer + first + i) % RANGE) for i in (0, 1)]
            return (blocks[0] + blocks[1])[offset : offset + count]
        content = {
            0: self.powers, 4001: lambda: self.settings, 4020: lambda: [1], 4099: lambda: [0], 4100: self.status,
            4010: lambda: words("IIQ", self.count, self.pointer, int(self.now() * 1000)),
            4140: lambda: words("II", (self.count - len(self.entries) + 1) % RANGE, self.log_pointer),
            4200: self.quantities, 4300: self.log_window,
        }[begin]()
        return content[address - begin : address - begin + count]

    def write(self, address, values):
        for at in range(address, address + len(values)):
            if at not in WRITABLE or (at == 4007 and self.plain):
                raise Refused(2)
        for at, value in enumerate(values, address):
            if (at in (4001, 4002) and not 1 <= value <= 300) or (at == 4099 and value != 0xFF00) or (
                    at == 4007 and not 1 <= value <= 16):
                raise Refused(3)
        pointers = {4012: "pointer", 4142: "log_pointer"}
        for at, value in enumerate(values, address):
            if at == 4099:
                self.overflow = False
            elif at <= 4007:
                if at == 4007 and value != self.settings[DIVIDER]:
                    self.close(False)
                    self.format = (self.format + 1) % 65536
                self.settings[at - 4001] = value
            else:
                name = pointers[at & ~1]
                old = getattr(self, name)
                setattr(self, name, (old & 0xFFFF0000) | value if at & 1 else (old & 0xFFFF) | value << 16)
        if not self.settings[LOG_CTRL] & 1:
            self.close(True)
        self.save()

    def answer(self, request):
        """The answer to a request, both without unit id."""
        code = request[0]
        self.advance()
        try:
            if code not in (3, 4, 6, 16):
                raise Refused(1)
            if len(request) < 5 or (code != 16 and len(request) != 5):
                raise Refused(3)
            address, count = struct.unpack(">HH", request[1:5])
            if code in (3, 4):
                if not 1 <= count <= 125:
                    raise Refused(3)
                return struct.pack(f">BB{count}H", code, 2 * count, *self.read(address, count))
            if code == 6:
                self.write(address, [count])
            else:
                if not 1 <= count <= 123 or len(request) != 6 + 2 * count or request[5] != 2 * count:
                    raise Refused(3)
                self.write(address, struct.unpack(f">{count}H", request[6:]))
            return request[:5]
        except Refused as refused:
            return bytes([code | 0x80, refused.args[0]])


def mean(a, b):
    return sum(x * y for x, y in zip(a, b)) / len(a)


def frequency(values, rate):
    rising = [n + a / (a - b) for n, (a, b) in enumerate(zip(values, values[1:])) if a < 0 <= b]
    return (len(rising) - 1) * rate / (rising[-1] - rising[0]) if len(rising) > 1 else UNKNOWN


def main():
    parser = argparse.ArgumentParser()
    modes = parser.add_subparsers(dest="mode", required=True)
    tcp, rtu = modes.add_parser("tcp"), modes.add_parser("rtu")
    tcp.add_argument("port", type=int)
    rtu.add_argument("path")
    rtu.add_argument("baud", type=int)
    for mode in (tcp, rtu):
        mode.add_argument("--unit", type=int, default=1)
        mode.add_argument("--rate", type=int, default=3200, help="samples a second, a multiple of 100")
        mode.add_argument("--channels", default="va,vb,vc,ia,ib,ic")
        mode.add_argument("--fifo", type=int, default=4000, help="blocks")
        mode.add_argument("--first-block", type=int, default=0)
        mode.add_argument("--log-ctrl", type=int)
        mode.add_argument("--sag", type=float, nargs="?", const=4.0, help="seconds after the start")
        mode.add_argument("--no-divider", action="store_true", help="without the optional LOG_DIVIDER")
        mode.add_argument("--state", help="file for what is kept over a restart")
    options = parser.parse_args()
    line = listen(options.port) if options.mode == "tcp" else open_line(options.path, options.baud)
    meter = Meter(options)
    sag = None if options.sag is None else meter.micros(round(options.sag * options.rate))
    print(json.dumps({
        "origin": meter.micros(0), "rate": options.rate, "channels": meter.channels, "voltage": VOLTAGE,
        "current": CURRENT, "frequency": FREQUENCY, "lag": LAG,
        "sag": sag and {"time": sag, "duration": SAG_LENGTH, "residual": RESIDUAL, "phase": "a"},
    }), flush=True)
    if options.mode == "tcp":
        serve_tcp(line, meter, options.unit)
    else:
        serve_rtu(line, options.baud, meter, options.unit)


main()
