"""Apollo3's models by themselves, on a clock that the test turns: what they do, and what they refuse."""

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from turned_clock import TurnedClock

from firmware import boards
from firmware.boards.registers import peripherals
from host.sim import apollo3
from host.sim.apollo3_pdm import Pdm
from host.sim.apollo3_uart import Uart
from host.sim.bus import Bus, BusFault
from host.sim.residency import Meter
from host.sim.virtual_board import SimulationError

ARTEMIS = boards.load("artemis")
SVD = peripherals(ARTEMIS.registers.svd, ARTEMIS.registers.peripherals)
MILLISECOND = apollo3.TICK_HZ // 1000


@dataclass
class Clock(TurnedClock):
    """With the size of the RAM and the clock's divider."""

    tick_hz: int = apollo3.TICK_HZ
    ram_size: int = 384 * 1024
    ram: int = 384 * 1024
    divider: int = 0

    def ram_power(self, size):
        self.ram = size

    def set_divider(self, divider):
        self.divider = divider


class Chip:
    """All models on one clock, by register name."""

    def __init__(self):
        self.clock = Clock()
        self.parts = Meter(self.clock, apollo3.DOMAINS)
        self.banks = Meter(self.clock, apollo3.BANK_BYTES)
        self.power = apollo3.PowerControl(self.clock, SVD["PWRCTRL"], self.parts, self.banks)
        self.pads = apollo3.Pads(self.clock, SVD["GPIO"], ARTEMIS.state_pins)
        self.resets = apollo3.ResetGenerator(self.clock, SVD["RSTGEN"])
        self.watchdog = apollo3.Watchdog(self.clock, SVD["WDT"], self.resets)
        self.timer = apollo3.SystemTimer(self.clock, SVD["CTIMER"])
        self.uart = Uart(self.clock, SVD["UART0"], self.power, self.pads, ARTEMIS.link)
        self.pdm = Pdm(self.clock, SVD["PDM"], self.power, self.pads, ARTEMIS)
        self.control = apollo3.Control(self.clock, SVD["MCUCTRL"])
        self.clocks = apollo3.ClockGenerator(self.clock, SVD["CLKGEN"], self.power, self.control)
        models = [
            self.power,
            self.pads,
            self.resets,
            self.watchdog,
            self.timer,
            self.uart,
            self.pdm,
            self.clocks,
            self.control,
        ]
        self.bus = Bus(models)

    def _address(self, name):
        peripheral, _, register = name.partition(".")
        return SVD[peripheral].registers[register].address

    def read(self, name):
        return self.bus.read(self._address(name), 4)

    def write(self, name, value):
        self.bus.write(self._address(name), 4, value)

    def uart_on(self, ibrd=13, fbrd=1, lcrh=0x70):
        self.write("PWRCTRL.DEVPWREN", 1 << 7)
        self.clock.turn(apollo3.POWER_UP_TICKS)
        self.write("GPIO.PADKEY", 0x73)
        self.write("GPIO.PADREGM", 0x00000200)  # 48: TX, 49: RX with its input on
        self.write("UART0.IBRD", ibrd)
        self.write("UART0.FBRD", fbrd)
        self.write("UART0.LCRH", lcrh)
        self.write("UART0.CR", 0x318 | 1)


@pytest.fixture
def chip():
    return Chip()


def test_power_comes_up_after_ten_microseconds_and_not_before(chip):
    chip.write("PWRCTRL.DEVPWREN", 1 << 7)
    assert chip.read("PWRCTRL.DEVPWRSTATUS") & 4 == 0
    with pytest.raises(BusFault, match=r"the power of UART0 is not up yet \(PWRCTRL.DEVPWRSTATUS.HCPA is 0\)"):
        chip.read("UART0.FR")
    chip.clock.turn(apollo3.POWER_UP_TICKS)
    assert chip.read("PWRCTRL.DEVPWRSTATUS") & 4
    assert chip.read("UART0.FR") & 0x90 == 0x90  # both FIFOs empty
    chip.clock.turn(MILLISECOND)
    chip.write("PWRCTRL.DEVPWREN", 0)
    chip.clock.turn(MILLISECOND)
    seconds = (apollo3.POWER_UP_TICKS + MILLISECOND) / apollo3.TICK_HZ
    assert chip.parts.seconds()["UART0"] == {"run": seconds, "sleep": 0, "deep sleep": 0}


def test_a_register_without_power_is_a_bus_fault_that_names_it(chip):
    with pytest.raises(BusFault, match=r"PDM.PCFG is accessed, but PDM has no power \(PWRCTRL.DEVPWREN.PWRPDM is 0\)"):
        chip.read("PDM.PCFG")


@pytest.mark.parametrize(
    ("banks", "kilobytes"),
    [(0x0, 0), (0x1, 8), (0x3, 32), (0x7, 64), (0xF, 96), (0x1FFF, 384), (0x5, 8), (0x8, 0)],
)
def test_ram_has_power_from_its_start_to_the_first_bank_that_is_off(chip, banks, kilobytes):
    chip.write("PWRCTRL.MEMPWREN", banks | 1 << 13)
    assert chip.clock.ram == kilobytes * 1024


def test_a_bank_is_metered_while_it_has_power(chip):
    chip.clock.turn(MILLISECOND)
    chip.write("PWRCTRL.MEMPWREN", 0x7 | 1 << 13)
    chip.clock.turn(2 * MILLISECOND)
    awake = {bank: states["run"] for bank, states in chip.banks.seconds().items()}
    assert awake["DTCM2"] == awake["FLASH0"] == pytest.approx(0.003)
    assert awake["SRAM0"] == awake["FLASH1"] == pytest.approx(0.001)


def test_deep_sleep_that_would_erase_ram_is_refused(chip):
    chip.write("PWRCTRL.MEMPWREN", 0x3 | 1 << 13)
    chip.write("PWRCTRL.MEMPWDINSLEEP", 0x1FFC)
    chip.power.deep_sleep()
    chip.write("PWRCTRL.MEMPWDINSLEEP", 0x1)
    with pytest.raises(SimulationError, match="deep sleep erases RAM that has power"):
        chip.power.deep_sleep()


def test_the_core_starts_at_24_mhz_and_takes_48_with_the_key(chip):
    assert chip.clock.divider == 4
    with pytest.raises(
        SimulationError, match=r"CCTRL is written while CLKKEY is 0x0; it must be 0x47 \(pc 0x00010000\)"
    ):
        chip.write("CLKGEN.CCTRL", 0)
    chip.write("CLKGEN.CLKKEY", 0x47)
    chip.write("CLKGEN.CCTRL", 0)
    assert chip.clock.divider == 2


@given(st.sampled_from(sorted(apollo3.Pads.GUARDED)), st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFF))
def test_pads_change_only_with_the_key(register, value, key):
    chip = Chip()
    chip.write("GPIO.PADKEY", key)
    if key == 0x73:
        chip.write(f"GPIO.{register}", value)
        assert chip.read(f"GPIO.{register}") == value
    else:
        with pytest.raises(SimulationError, match=register):
            chip.write(f"GPIO.{register}", value)


def test_a_state_pin_that_is_no_output_is_refused(chip):
    with pytest.raises(SimulationError, match="pad 22 carries the state code, but is not set to GPIO, push-pull"):
        chip.write("GPIO.WTSA", 1 << 22)


@given(st.integers(1, 100_000), st.integers(0, 10_000_000))
def test_a_compare_matches_when_the_crystal_has_ticked_as_often_as_it_was_told(delta, before):
    chip = Chip()
    chip.clock.turn(before)
    chip.write("CTIMER.STCFG", 3)
    chip.clock.turn(before)
    chip.write("CTIMER.STMINTEN", 1 << 2)
    chip.write("CTIMER.SCMPR2", delta)
    chip.write("CTIMER.STCFG", 3 | 1 << 10)
    target = chip.read("CTIMER.SCMPR2")
    assert target == chip.read("CTIMER.STTMR") + delta
    tick = chip.clock.timers["stimer 2"][0]
    chip.clock.turn(tick - 1 - chip.clock.now)
    assert chip.clock.lines == set()
    assert chip.read("CTIMER.STTMR") == target - 1
    chip.clock.turn(1)
    assert chip.clock.lines == {25}
    assert chip.read("CTIMER.STTMR") == target
    chip.write("CTIMER.STMINTCLR", 1 << 2)
    assert chip.clock.lines == set()


def test_the_watchdog_expires_two_seconds_after_it_was_last_fed(chip):
    expired = []
    chip.watchdog.on_expiry = lambda: expired.append(chip.clock.now)
    chip.write("RSTGEN.CFG", 2)
    chip.write("WDT.CFG", 2 << 24 | 0xFF << 16 | 32 << 8 | 5)
    chip.clock.turn(1500 * MILLISECOND)
    chip.write("WDT.RSTRT", 0xB2)
    chip.clock.turn(1999 * MILLISECOND)
    assert expired == []
    chip.clock.turn(MILLISECOND)
    assert expired == [3500 * MILLISECOND]


def test_the_reset_cause_is_forgotten_in_deep_sleep(chip):
    assert chip.read("RSTGEN.STAT") == 2
    chip.resets.deep_sleep()
    assert chip.read("RSTGEN.STAT") == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ibrd": 1, "fbrd": 40}, "it runs at 923077 baud, but the host listens at 115200"),
        ({"lcrh": 0x60}, "eight bits, through the FIFOs"),
    ],
)
def test_a_uart_that_would_send_noise_is_refused(chip, settings, message):
    with pytest.raises(SimulationError, match=re.escape(message)):
        chip.uart_on(**settings)


def test_a_uart_on_other_pads_is_refused(chip):
    chip.write("PWRCTRL.DEVPWREN", 1 << 7)
    chip.clock.turn(apollo3.POWER_UP_TICKS)
    for register, value in (("IBRD", 13), ("FBRD", 1), ("LCRH", 0x70)):
        chip.write(f"UART0.{register}", value)
    with pytest.raises(SimulationError, match="pad 48 is TX, but its function is 3, not 0"):
        chip.write("UART0.CR", 0x319)


def test_bytes_leave_at_the_speed_of_the_line(chip):
    chip.uart_on()
    for byte in b"earshot":
        chip.write("UART0.DR", byte)
    byte_ticks = apollo3.TICK_HZ * 10 // 115_200
    chip.clock.turn(3 * byte_ticks + byte_ticks // 2)
    assert chip.uart.sent == b"ear"
    assert chip.read("UART0.FR") & 8  # busy
    chip.clock.turn(4 * byte_ticks)
    assert chip.uart.sent == b"earshot"
    assert chip.read("UART0.FR") & 8 == 0


def test_a_byte_for_a_full_fifo_is_refused(chip):
    chip.uart_on()
    for _ in range(33):  # one is on its way
        chip.write("UART0.DR", 0)
    assert chip.read("UART0.FR") & 0x20
    with pytest.raises(SimulationError, match="DR is written while the FIFO is full"):
        chip.write("UART0.DR", 0)


def test_received_bytes_interrupt_at_the_level_or_after_a_pause(chip):
    chip.uart_on()
    chip.write("UART0.IFLS", 2 << 3)
    chip.write("UART0.IER", 0x50)
    byte_ticks = apollo3.TICK_HZ * 10 // 115_200
    chip.uart.feed(bytes(range(20)))
    chip.clock.turn(16 * byte_ticks)
    assert chip.clock.lines == {15}
    assert [chip.read("UART0.DR") for _ in range(16)] == list(range(16))
    assert chip.clock.lines == set()
    chip.clock.turn(8 * byte_ticks)
    assert chip.clock.lines == {15}
    assert [chip.read("UART0.DR") for _ in range(4)] == [16, 17, 18, 19]
    assert chip.clock.lines == set()
    with pytest.raises(SimulationError, match="DR is read while nothing was received"):
        chip.read("UART0.DR")


def test_bytes_that_nobody_takes_are_counted(chip):
    chip.uart_on()
    chip.uart.feed(bytes(40))
    chip.clock.turn(50 * apollo3.TICK_HZ * 10 // 115_200)
    assert chip.uart.lost == 8


@given(st.integers(0x40000000, 0x50012000), st.sampled_from([1, 2, 4]), st.booleans())
def test_no_access_gets_through_but_to_a_modelled_register(address, size, write):
    chip = Chip()
    known = {register.address for block in SVD.values() for register in block.registers.values()}
    try:
        if write:
            chip.bus.write(address, size, 0xFFFFFFFF)
        else:
            assert 0 <= chip.bus.read(address, size) <= 0xFFFFFFFF
        assert address in known
        assert size == 4
    except BusFault as fault:
        assert f"0x{address:08x}" in str(fault) or "power" in str(fault)
    except SimulationError as error:
        assert address in known, error


@pytest.mark.parametrize(
    ("pcfg", "vcfg", "message"),
    [
        (47 << 10 | 1, 0xE4080110, "it makes 15957.4 samples a second, not 15625"),
        (24 << 10 | 1, 0xEC080108, "CHSET is LEFT, but the microphone is right"),
        (24 << 10 | 1, 0xEC080010, "PCMPACK is off"),
        (24 << 10 | 1, 0xEC080110, "pad 37 has function 3, not 6"),
    ],
)
def test_a_microphone_that_would_give_other_samples_is_refused(chip, pcfg, vcfg, message):
    chip.write("PWRCTRL.DEVPWREN", 1 << 12)
    chip.clock.turn(apollo3.POWER_UP_TICKS)
    chip.write("PDM.PCFG", pcfg)
    with pytest.raises(SimulationError, match=re.escape(message)):
        chip.write("PDM.VCFG", vcfg)


FLASH_PC, ROM_PC = 0x20000, apollo3.ROM[0] + 0x78


def _allow_burst(chip):
    chip.write("PWRCTRL.DEVPWREVENTEN", 1 << 31)
    chip.write("MCUCTRL.FEATUREENABLE", 1 << 4)
    assert chip.read("MCUCTRL.FEATUREENABLE") & 1 << 6 == 0
    chip.clock.turn(apollo3.BURST_TICKS)
    assert chip.read("MCUCTRL.FEATUREENABLE") & 3 << 5 == 3 << 5


def test_a_burst_doubles_the_clock_after_a_while_and_its_time_is_counted(chip):
    chip.write("CLKGEN.CLKKEY", 0x47)
    chip.write("CLKGEN.CCTRL", 0)
    _allow_burst(chip)
    chip.write("CLKGEN.FREQCTRL", 1)
    assert (chip.clock.divider, chip.read("CLKGEN.FREQCTRL") >> 2 & 1) == (2, 0)
    chip.clock.turn(apollo3.BURST_TICKS)
    assert (chip.clock.divider, chip.read("CLKGEN.FREQCTRL") >> 2 & 1) == (1, 1)
    chip.clock.turn(3 * MILLISECOND)
    chip.clock.pc = ROM_PC
    chip.write("CLKGEN.FREQCTRL", 0)
    assert (chip.clock.divider, chip.read("CLKGEN.FREQCTRL") >> 2 & 1) == (2, 0)
    chip.clock.turn(MILLISECOND)
    assert chip.clocks.burst_ticks() == 3 * MILLISECOND


@pytest.mark.parametrize(
    ("prepared", "why"),
    [
        ((), "DEVPWREVENTEN.BURSTEVEN is 0"),
        ((("PWRCTRL.DEVPWREVENTEN", 1 << 31),), "FEATUREENABLE.BURSTAVAIL is 1"),
    ],
)
def test_a_burst_that_is_not_prepared_is_refused(chip, prepared, why):
    for name, value in prepared:
        chip.write(name, value)
    with pytest.raises(SimulationError, match=why):
        chip.write("CLKGEN.FREQCTRL", 1)


def test_code_in_flash_must_not_end_a_burst(chip):
    _allow_burst(chip)
    chip.write("CLKGEN.FREQCTRL", 1)
    chip.clock.turn(apollo3.BURST_TICKS)
    chip.clock.pc = FLASH_PC
    with pytest.raises(SimulationError, match="ended by code in flash"):
        chip.write("CLKGEN.FREQCTRL", 0)


def test_a_burst_must_not_last_into_deep_sleep(chip):
    _allow_burst(chip)
    chip.write("CLKGEN.FREQCTRL", 1)
    with pytest.raises(SimulationError, match="deep sleep in a burst"):
        chip.clocks.deep_sleep()


def test_flash_that_holds_the_image_must_keep_power(chip):
    chip.power.image_end = apollo3.FLASH_BANK + 1
    with pytest.raises(SimulationError, match="turns off FLASH1, and the image ends at 0x80001"):
        chip.write("PWRCTRL.MEMPWREN", 0x2007)
    chip.power.image_end = apollo3.FLASH_BANK
    chip.write("PWRCTRL.MEMPWREN", 0x2007)
