"""The nRF52840's models by themselves, on a clock that the test turns: what they do, and what they refuse."""

import re
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from turned_clock import TurnedClock

from firmware import boards
from firmware.boards.registers import peripherals
from host.sim import nrf52
from host.sim.bus import Bus, BusFault
from host.sim.nrf52_nvmc import ERASE_TICKS, PAGE, WRITE_TICKS, Nvmc
from host.sim.nrf52_pdm import Pdm
from host.sim.nrf52_uarte import Uarte
from host.sim.residency import Meter
from host.sim.virtual_board import SimulationError

NANO = boards.load("nano33ble")
SVD = peripherals(NANO.registers.svd, NANO.registers.peripherals)
MILLISECOND = nrf52.TICK_HZ // 1000
RAM = 0x20000000
FLASH, STORE = 0x10000, NANO.image.memory["STORE"]
BYTE_TICKS = 10 * nrf52.TICK_HZ // 115_200
OUTPUT, INPUT = 0x3, 0x0


@dataclass
class Clock(TurnedClock):
    """With memory, and flash that may be watched."""

    tick_hz: int = nrf52.TICK_HZ
    powered: int = 256 * 1024
    stalled: int = 0
    watched: tuple | None = None
    ram: bytearray = field(default_factory=lambda: bytearray(256 * 1024))
    flash: bytearray = field(default_factory=lambda: bytearray(b"\xff" * 0xF0000))

    def ram_power(self, size):
        self.powered = size

    def in_ram(self, address, size):
        return address >= RAM and address + size <= RAM + self.powered

    def ram_write(self, address, data):
        self.ram[address - RAM : address - RAM + len(data)] = data

    def ram_read(self, address, size):
        return bytes(self.ram[address - RAM : address - RAM + size])

    def flash_read(self, address, size):
        return bytes(self.flash[address - FLASH : address - FLASH + size])

    def flash_write(self, address, data):
        self.flash[address - FLASH : address - FLASH + len(data)] = data

    def watch_flash(self, span, store):
        self.watched, self.store = span, store

    def stall(self, ticks):
        self.stalled += ticks


class Chip:
    """All models on one clock, by register name."""

    def __init__(self):
        self.clock = clock = Clock()
        self.parts, self.banks = Meter(clock, nrf52.PARTS), Meter(clock, nrf52.BANK_BYTES)
        ppi = nrf52.Ppi(clock, SVD["PPI"])
        ports = (nrf52.Port0(clock, SVD["P0"]), nrf52.Port1(clock, SVD["P1"]))
        self.pads = nrf52.Pins(clock, ports, NANO.state_pins, NANO.microphone.power_pad, self.parts)
        self.power = nrf52.Power(clock, SVD["POWER"], self.banks)
        self.clocks = nrf52.Clock(clock, SVD["CLOCK"], ppi, self.parts)
        chip = nrf52.Chip(ppi, self.clocks, self.pads, self.parts)
        self.watchdog = nrf52.Watchdog(clock, SVD["WDT"])
        self.uart = Uarte(clock, SVD["UARTE0"], chip, NANO.link)
        self.pdm = Pdm(clock, SVD["PDM"], chip, NANO)
        self.nvmc = Nvmc(clock, SVD["NVMC"], (STORE.start, STORE.length))
        self.bus = ppi.bus = Bus(
            [
                *(ppi, *ports, self.clocks, self.power, self.watchdog, self.uart, self.pdm, self.nvmc),
                nrf52.Rtc(clock, SVD["RTC0"], ppi, self.clocks),
                nrf52.Timer(clock, SVD["TIMER1"], ppi),
                nrf52.Information(clock, SVD["FICR"]),
            ]
        )

    def _address(self, name):
        peripheral, _, register = name.partition(".")
        return SVD[peripheral].registers[register].address

    def read(self, name):
        return self.bus.read(self._address(name), 4)

    def write(self, name, value):
        self.bus.write(self._address(name), 4, value)

    def writes(self, peripheral, **values):
        for register, value in values.items():
            self.write(f"{peripheral}.{register}", value)

    def pin(self, pin, configuration, high=False):
        port, bit = f"P{pin // 32}", 1 << pin % 32
        self.write(f"{port}.PIN_CNF{pin % 32}", configuration)
        self.write(f"{port}.{'OUTSET' if high else 'OUTCLR'}", bit)

    def crystal(self):
        self.write("CLOCK.TASKS_HFCLKSTART", 1)
        self.clock.turn(nrf52.HFXO_START_TICKS)

    def uart_on(self):
        self.pin(NANO.link.tx_pad, OUTPUT, high=True)
        self.pin(NANO.link.rx_pad, INPUT)
        self.writes("UARTE0", PSEL_TXD=NANO.link.tx_pad, PSEL_RXD=NANO.link.rx_pad, BAUDRATE=0x01D60000, ENABLE=8)

    def microphone(self, **different):
        self.pin(NANO.microphone.power_pad, OUTPUT, high=True)
        self.pin(NANO.microphone.clock_pad, OUTPUT)
        self.pin(NANO.microphone.data_pad, INPUT)
        usual = {"PDMCLKCTRL": 0x0A000000, "RATIO": 1, "MODE": 1, "SAMPLE_PTR": RAM, "SAMPLE_MAXCNT": 4, "ENABLE": 1}
        pins = {"PSEL_CLK": NANO.microphone.clock_pad, "PSEL_DIN": NANO.microphone.data_pad}
        self.writes("PDM", **(usual | pins | different))
        self.write("PDM.TASKS_START", 1)


@pytest.fixture
def chip():
    return Chip()


def test_the_microphone_fills_the_buffer_that_was_named_as_it_started(chip):
    chip.crystal()
    chip.pdm.supply(np.arange(1, 13, dtype=np.int16))
    chip.microphone()
    assert chip.read("PDM.EVENTS_STARTED") == 1
    chip.write("PDM.SAMPLE_PTR", RAM + 0x100)
    chip.write("PDM.EVENTS_STARTED", 0)
    chip.clock.turn(4 * 4000 - 1)  # 64 MHz / 16 kHz is a sample
    assert chip.read("PDM.EVENTS_STARTED") == 0
    chip.clock.turn(1)
    assert chip.read("PDM.EVENTS_STARTED") == chip.read("PDM.EVENTS_END") == 1
    chip.write("PDM.SAMPLE_PTR", RAM + 0x200)
    chip.clock.turn(8 * 4000)
    samples = [np.frombuffer(chip.clock.ram_read(RAM + at, 8), "<i2").tolist() for at in (0, 0x100, 0x200)]
    assert samples == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]
    chip.write("PDM.INTENSET", 1)
    assert chip.clock.lines == {29}


@pytest.mark.parametrize(
    ("different", "message"),
    [
        ({"PDMCLKCTRL": 0x08400000}, "samples a second, not 16000"),
        ({"RATIO": 0}, "it makes 20000.0 samples a second, not 16000"),
        ({"MODE": 0}, "MODE.OPERATION is Stereo"),
        ({"MODE": 3}, "MODE.EDGE is LeftRising; the microphone needs LeftFalling"),
        ({"ENABLE": 0}, "it is started while ENABLE is 0"),
        ({"SAMPLE_MAXCNT": 0}, "SAMPLE.MAXCNT is 0"),
        ({"SAMPLE_PTR": 0x20000}, "SAMPLE.PTR is 0x00020000; EasyDMA reaches whole words of RAM with power, alone"),
        ({"PSEL_DIN": 3}, "PSEL_DIN is 0x3, but the microphone is at P0.25"),
    ],
)
def test_a_microphone_that_would_give_other_samples_is_refused(chip, different, message):
    chip.crystal()
    with pytest.raises(SimulationError, match=re.escape(message)):
        chip.microphone(**different)


def test_a_microphone_without_its_crystal_or_its_power_is_refused(chip):
    with pytest.raises(SimulationError, match="without the crystal oscillator"):
        chip.microphone()
    chip.crystal()
    chip.pin(NANO.microphone.power_pad, OUTPUT)
    with pytest.raises(SimulationError, match=r"the microphone has no power \(P0.17 is not high\)"):
        chip.write("PDM.TASKS_START", 1)


def test_bytes_leave_at_the_speed_of_the_line(chip):
    chip.uart_on()
    chip.clock.ram_write(RAM, b"earshot")
    chip.writes("UARTE0", TXD_PTR=RAM, TXD_MAXCNT=7, TASKS_STARTTX=1)
    chip.clock.turn(7 * BYTE_TICKS - 1)
    assert not chip.uart.idle
    chip.clock.turn(1)
    assert (chip.uart.sent, chip.read("UARTE0.TXD_AMOUNT"), chip.read("UARTE0.EVENTS_ENDTX")) == (b"earshot", 7, 1)


def test_a_transmission_that_is_stopped_ends_after_a_whole_byte(chip):
    chip.uart_on()
    chip.clock.ram_write(RAM, b"earshot")
    chip.writes("UARTE0", TXD_PTR=RAM, TXD_MAXCNT=7, TASKS_STARTTX=1)
    chip.clock.turn(3 * BYTE_TICKS + BYTE_TICKS // 2)
    chip.write("UARTE0.TASKS_STOPTX", 1)
    chip.clock.turn(BYTE_TICKS)
    assert (chip.uart.sent, chip.read("UARTE0.EVENTS_TXSTOPPED")) == (b"ear", 1)


@given(st.binary(min_size=1, max_size=60), st.integers(4, 32))
def test_a_receiver_that_starts_itself_again_fills_its_ring_and_a_timer_counts_the_bytes(data, size):
    chip = Chip()
    chip.uart_on()
    address = chip._address
    chip.writes("PPI", CH0_EEP=address("UARTE0.EVENTS_RXDRDY"), CH0_TEP=address("TIMER1.TASKS_COUNT"), CHENSET=1)
    chip.writes("TIMER1", MODE=2, BITMODE=3, TASKS_START=1)
    chip.writes("UARTE0", RXD_PTR=RAM, RXD_MAXCNT=size, SHORTS=1 << 5, TASKS_STARTRX=1)
    chip.uart.feed(data)
    chip.clock.turn(len(data) * BYTE_TICKS)
    chip.write("TIMER1.TASKS_CAPTURE0", 1)
    assert chip.read("TIMER1.CC0") == len(data)
    ring = bytearray(size)
    for index, byte in enumerate(data):
        ring[index % size] = byte
    assert chip.clock.ram_read(RAM, size) == bytes(ring)
    assert chip.uart.lost == 0


def test_bytes_that_no_buffer_takes_are_counted(chip):
    chip.uart_on()
    chip.uart.feed(bytes(10))
    chip.clock.turn(10 * BYTE_TICKS)
    assert chip.uart.lost == 6  # the FIFO holds four
    chip.writes("UARTE0", RXD_PTR=RAM, RXD_MAXCNT=8, TASKS_STARTRX=1)
    chip.write("UARTE0.TASKS_STOPRX", 1)
    assert chip.read("UARTE0.RXD_AMOUNT") == 4


@pytest.mark.parametrize(
    ("register", "value", "message"),
    [
        ("BAUDRATE", 0x0F000000, "BAUDRATE is Baud921600, but the host listens at 115200 baud"),
        ("CONFIG", 1, "CONFIG is not 0"),
        ("PSEL_TXD", 3, "PSEL_TXD is 0x3, but board.toml has P1.03"),
    ],
)
def test_a_uart_that_would_send_noise_is_refused(chip, register, value, message):
    chip.uart_on()
    chip.write("UARTE0.ENABLE", 0)
    chip.write(f"UARTE0.{register}", value)
    with pytest.raises(SimulationError, match=re.escape(message)):
        chip.write("UARTE0.ENABLE", 8)


def test_a_transmission_out_of_flash_or_dead_ram_is_refused(chip):
    chip.uart_on()
    chip.write("POWER.RAM8_POWERCLR", 0x20)  # the last 32 KiB
    for address in (0x20000, RAM + 224 * 1024):
        chip.writes("UARTE0", TXD_PTR=address, TXD_MAXCNT=4)
        with pytest.raises(SimulationError, match="EasyDMA reaches RAM that has power, alone"):
            chip.write("UARTE0.TASKS_STARTTX", 1)


@given(st.integers(2, 0xFFFFFF), st.integers(0, 10_000_000))
def test_a_compare_matches_when_the_low_clock_has_ticked_as_often(ahead, before):
    chip = Chip()
    chip.write("CLOCK.TASKS_LFCLKSTART", 1)
    chip.write("RTC0.TASKS_START", 1)
    chip.write("RTC0.INTENSET", 1 << 16)
    chip.clock.turn(before)
    target = (chip.read("RTC0.COUNTER") + ahead) & 0xFFFFFF
    chip.write("RTC0.CC0", target)
    tick = chip.clock.timers["rtc"][0]
    chip.clock.turn(tick - 1 - chip.clock.now)
    assert chip.clock.lines == set()
    chip.clock.turn(1)
    assert chip.clock.lines == {11}
    assert chip.read("RTC0.COUNTER") == target
    chip.write("RTC0.EVENTS_COMPARE0", 0)
    assert chip.clock.lines == set()


def test_a_compare_that_may_be_missed_and_a_clock_that_stands_are_refused(chip):
    with pytest.raises(SimulationError, match="started before the low clock"):
        chip.write("RTC0.TASKS_START", 1)
    chip.write("CLOCK.TASKS_LFCLKSTART", 1)
    chip.write("RTC0.TASKS_START", 1)
    with pytest.raises(SimulationError, match="CC0 is 1 ticks ahead"):
        chip.write("RTC0.CC0", 1)


def test_the_low_clock_keeps_its_source_while_it_runs(chip):
    chip.write("CLOCK.LFCLKSRC", 1)
    assert chip.read("CLOCK.LFCLKSTAT") >> 16 == 0
    chip.write("CLOCK.TASKS_LFCLKSTART", 1)
    assert chip.read("CLOCK.LFCLKSTAT") >> 16 == 1
    with pytest.raises(SimulationError, match="LFCLKSRC is written while the low clock runs"):
        chip.write("CLOCK.LFCLKSRC", 0)


def test_the_watchdog_goes_on_over_a_software_reset_and_over_no_other(chip):
    expired = []
    chip.watchdog.on_expiry = lambda: expired.append(chip.clock.now)
    chip.writes("WDT", CONFIG=1, CRV=32767, RREN=1, TASKS_START=1)
    chip.clock.turn(600 * MILLISECOND)
    chip.write("WDT.RR0", 0x6E524635)
    with pytest.raises(SimulationError, match="CRV is written while the watchdog runs"):
        chip.write("WDT.CRV", 1)
    chip.clock.timers.clear()
    chip.watchdog.survives = True
    chip.watchdog.reset()
    assert chip.read("WDT.RUNSTATUS") == 1
    chip.clock.turn(999 * MILLISECOND)
    assert expired == []
    chip.clock.turn(MILLISECOND)
    assert expired == [1600 * MILLISECOND]
    chip.watchdog.survives = False
    chip.watchdog.reset()
    assert chip.read("WDT.RUNSTATUS") == 0


def test_a_watchdog_that_sleeps_with_the_core_is_refused(chip):
    with pytest.raises(SimulationError, match=r"CONFIG\.SLEEP is 0"):
        chip.writes("WDT", CONFIG=0, CRV=32767, RREN=1, TASKS_START=1)


def test_reset_reasons_add_up_until_they_are_cleared_or_power_comes(chip):
    for cause, expected in (("SREQ", 4), ("DOG", 6)):
        chip.power.tell(cause)
        chip.power.reset()
        assert chip.read("POWER.RESETREAS") == expected
    chip.write("POWER.RESETREAS", 4)
    assert chip.read("POWER.RESETREAS") == 2
    chip.power.tell("")
    chip.power.reset()
    assert chip.read("POWER.RESETREAS") == 0


def test_a_page_is_erased_when_its_parts_add_up_and_holds_garbage_before(chip):
    page = STORE.start
    chip.clock.flash_write(page, bytes(PAGE))
    chip.writes("NVMC", CONFIG=2, ERASEPAGEPARTIALCFG=20)
    for _ in range(4):
        chip.write("NVMC.ERASEPAGEPARTIAL", page)
        assert set(chip.clock.flash_read(page, PAGE)) != {0xFF}
    chip.write("NVMC.ERASEPAGEPARTIAL", page)
    assert chip.clock.flash_read(page, PAGE) == b"\xff" * PAGE
    assert chip.clock.stalled == 100 * MILLISECOND > ERASE_TICKS
    assert chip.nvmc.erasures == {page: 1}


def test_words_are_written_while_the_core_stands_still_twice_at_most(chip):
    chip.write("NVMC.CONFIG", 1)
    assert chip.clock.watched == (STORE.start, STORE.length)
    chip.clock.store(STORE.start, 4, 0xFFFF0000)
    chip.clock.store(STORE.start, 4, 0xAAAA0000)
    assert chip.clock.flash_read(STORE.start, 4) == b"\x00\x00\xaa\xaa"
    assert chip.clock.stalled == 2 * WRITE_TICKS
    with pytest.raises(SimulationError, match="is written more than twice"):
        chip.clock.store(STORE.start, 4, 0)
    chip.write("NVMC.CONFIG", 0)
    assert chip.clock.watched is None


@pytest.mark.parametrize(
    ("size", "value", "message"),
    [(2, 0, "2 bytes are written to flash"), (4, 1 << 31, "is set, which takes an erasure")],
)
def test_a_write_that_flash_would_not_take_is_refused(chip, size, value, message):
    chip.clock.flash_write(STORE.start, bytes(4))
    chip.write("NVMC.CONFIG", 1)
    with pytest.raises(SimulationError, match=message):
        chip.clock.store(STORE.start, size, value)


@pytest.mark.parametrize(
    ("config", "page", "message"),
    [
        (0, STORE.start, "while CONFIG.WEN is not Een"),
        (2, STORE.start + 4, "which is no page"),
        (2, 0x20000, "which is the boot loader's or the image's"),
    ],
)
def test_an_erasure_of_what_must_stay_is_refused(chip, config, page, message):
    chip.write("NVMC.CONFIG", config)
    with pytest.raises(SimulationError, match=message):
        chip.write("NVMC.ERASEPAGE", page)


def test_sections_of_ram_are_metered_and_what_is_behind_one_that_is_off_is_not_reached(chip):
    chip.clock.turn(MILLISECOND)
    chip.write("POWER.RAM8_POWERCLR", 0x38)
    assert chip.clock.powered == 160 * 1024
    chip.clock.turn(2 * MILLISECOND)
    chip.write("POWER.RAM8_POWERSET", 0x08)
    assert chip.clock.powered == 192 * 1024
    chip.clock.turn(MILLISECOND)
    on = {bank: states["run"] * 1000 for bank, states in chip.banks.seconds().items()}
    assert [on[f"RAM8.S{bit}"] for bit in (2, 3, 4)] == pytest.approx([4, 2, 1])
    assert sum(nrf52.BANK_BYTES.values()) == (256 + 1024) * 1024


@given(st.integers(0x40000000, 0x40025000) | st.integers(0x50000000, 0x50001000), st.sampled_from([1, 2, 4]))
def test_no_read_gets_through_but_of_a_modelled_register(address, size):
    chip = Chip()
    known = {register.address for block in SVD.values() for register in block.registers.values()}
    try:
        assert 0 <= chip.bus.read(address, size) <= 0xFFFFFFFF
        assert address in known
        assert size == 4
    except BusFault as fault:
        assert f"0x{address:08x}" in str(fault)
    except SimulationError as error:
        assert address in known, error
