# SPDX-License-Identifier: Apache-2.0
"""Machines of newer hosts, with much in them that Weir knows nothing of: none of that may be fatal, and what it does know has
to be found among it. Rows of test_boot."""

import pathlib
import re
import struct
import tempfile

CHECKS = "hello devices clock"
NET, RNG = 1, 4  # virtio 1.2, section 5


def net(device, bus=None, count=1, **options):
    words = []
    for _ in range(count):
        extra = "".join(f",{key}={value}" for key, value in options.items())
        words += ["-netdev", "user,id=n{n}", "-device", f"{device},netdev=n{{n}}{f',bus={bus}' if bus else ''}{extra}"]
    return words


def devices(*names):
    return [word for name in names for word in ("-device", name)]


def own_ports(count):
    """Each card behind a root port of its own, as libvirt makes machines."""
    words = []
    for i in range(count):
        words += devices(f"pcie-root-port,id=p{i},chassis={i + 1},addr={2 + i // 8:x}.{i % 8:x},multifunction=on")
        words += net("virtio-net-pci", f"p{i}")
    return words


# {blob} becomes a file of all byte values.
UNKNOWN_TABLES = [word for signature in ("ZZZZ", "OEM1", "WEIR", "SSDT") for word in (
    "-acpitable", f"sig={signature},rev=255,oem_id=NOBODY,oem_table_id=VMGENID,data={{blob}}")]
DRIVE = ["-drive", "if=none,id=d,file={blob},format=raw,readonly=on", "-object", "cryptodev-backend-builtin,id=c"]
UNKNOWN_VIRTIO = DRIVE + devices("virtio-balloon-pci", "virtio-serial-pci", "virtio-gpu-pci", "virtio-keyboard-pci",
                                 "virtio-tablet-pci", "virtio-blk-pci,drive=d", "virtio-scsi-pci",
                                 "virtio-crypto-pci,cryptodev=c", "virtio-iommu-pci")
UNKNOWN_PCI = devices("edu", "ich9-intel-hda", "qemu-xhci", "nvme,serial=x", "pvpanic-pci", "i6300esb", "pci-testdev")
BRIDGES = devices("pcie-root-port,id=r1,chassis=1", "pcie-root-port,id=r2,chassis=2", "pcie-pci-bridge,id=b1,bus=r1",
                  "pci-bridge,id=b2,bus=b1,chassis_nr=9,addr=3", "x3130-upstream,id=up,bus=r2",
                  "xio3130-downstream,id=down,bus=up,chassis=4,slot=4")
SECOND_ROOT = devices("pxb-pcie,id=root,bus_nr=128,bus=pcie.0", "pcie-root-port,id=r1,bus=root,chassis=1")
MUCH_MEMORY = ["-object", "memory-backend-ram,id=ram,size=40G,reserve=off", "-machine", "memory-backend=ram"]

# Name, machine, options, memory in MiB, virtio IDs that must be found, among others perhaps.
HOSTS = [
    ("ACPI tables of unknown kinds", "q35", UNKNOWN_TABLES + net("virtio-net-pci"), 32, {NET: 1}),
    ("no ACPI", "q35,acpi=off", net("virtio-net-pci"), 32, {NET: 1}),
    ("an old chipset", "pc", net("virtio-net-pci"), 32, {NET: 1}),
    ("devices of unknown kinds", "q35", UNKNOWN_VIRTIO + UNKNOWN_PCI + net("virtio-net-pci") + devices("virtio-rng-pci"), 32,
     {NET: 1, RNG: 1}),
    ("MMIO devices of unknown kinds", "microvm",
     DRIVE + devices("virtio-balloon-device", "virtio-serial-device", "virtio-gpu-device", "virtio-keyboard-device",
                     "virtio-crypto-device,cryptodev=c") + net("virtio-net-device", count=2), 32, {NET: 2}),
    ("cards behind bridges and switches", "q35", BRIDGES + net("virtio-net-pci", "b2", addr=5) + net("virtio-net-pci", "down") +
     net("virtio-net-pci", "b1", addr=7), 32, {NET: 3}),
    ("cards behind a second root", "q35", SECOND_ROOT + net("virtio-net-pci", "r1"), 32, {NET: 1}),
    ("30 cards, each behind its own port", "q35", own_ports(30), 32, {NET: 30}),
    ("more memory than is used", "q35", MUCH_MEMORY + own_ports(30), 40960, {NET: 30}),
    ("four processors", "q35", ["-smp", "4"] + net("virtio-net-pci"), 32, {NET: 1}),
    ("no timer, no PIC, no clock of old", "microvm,pit=off,pic=off,rtc=off", net("virtio-net-device"), 32, {NET: 1}),
]
BRIEFLY = ("30 cards", "no timer")  # under KVM: firmware takes seconds there, and finds the same


def fill_in(options, blob):
    """Numbers the network's ends, names the file."""
    words, cards = [], 0
    for word in options:
        words.append(word.format(n=cards // 2, blob=blob))
        cards += "{n}" in word
    return words


def test_hosts(tap, boot, image, accelerator):
    with tempfile.TemporaryDirectory() as directory:
        blob = pathlib.Path(directory) / "blob"
        blob.write_bytes(bytes(range(256)) * 8)
        for name, machine, options, memory, expected in HOSTS:
            if accelerator == "kvm" and not name.startswith(BRIEFLY):
                continue
            timeless = accelerator == "tcg" and "pit=off" in machine  # how fast is a TSC that nothing measures?
            checks = CHECKS.replace(" clock", "") if timeless else CHECKS
            end = boot(machine, accelerator, image, "-append", checks, *fill_in(options, blob), memory=memory)
            ids = [int(found) for found in re.findall(r"^device \d+: id (\d+) .* interrupt", end.output, re.MULTILINE)]
            good = end.was("done") and all(f"\nok {word}\n" in end.output for word in checks.split())
            tap.result(good and all(ids.count(kind) == count for kind, count in expected.items()),
                       f"host, {accelerator}: {name}", ids, end)


# Firecracker 1.8 to 1.15, src/vmm/src/arch/x86_64: what it puts into boot_params, and where its memory and devices are. Its
# slots are pages; QEMU's microvm has them closer to each other, and at another address. Like QEMU's, their lines begin at 5.
# Its tables of ACPI are at 0xe0000, where QEMU has firmware; here they are behind the command line.
FIRECRACKER_RAM = 25 << 20
FIRECRACKER_MAP = [(0, 0x9FC00, 1), (0x9FC00, 0x60400, 2), (0xEEC00000, 256 << 20, 2), (0x100000, FIRECRACKER_RAM, 1)]
FIRECRACKER_WORDS = (b"reboot=k panic=1 nomodule 8250.nr_uarts=0 i8042.noaux i8042.nomux i8042.dumbkbd swiotlb=noforce pci=off "
                     b"hello devices clock generation virtio_mmio.device=4K@0xfeb00000:5 virtio_mmio.device=4K@0xfeb00200:6\0")
GENERATION, LOW_ID = bytes(range(0x30, 0x40)), 0xDFFF0
ID_AT, RSDP_AT, XSDT_AT, FADT_AT, DSDT_AT = 0x3000, 0x4000, 0x4100, 0x4200, 0x5000  # behind boot_params
NUMBER_AT = DSDT_AT + 36 + 130  # of the ID's address, in firecracker_tables

# What of those tables is spoiled, at which offset of boot_params, by which bytes; and whether the ID is found nevertheless.
SPOILED = [
    ("as it is", 0, b"", True),
    ("ID where Firecracker has it", NUMBER_AT, struct.pack("<I", LOW_ID), True),
    ("no RSDP", RSDP_AT, b"nothing", False),
    ("XSDT beyond all memory", RSDP_AT + 24, b"\xff" * 8, False),
    ("XSDT shorter than its head", XSDT_AT + 4, b"\x07\0\0\0", False),
    ("XSDT of 4 GiB", XSDT_AT + 4, b"\xff" * 4, True),
    ("FADT without an end", FADT_AT + 4, b"\x40\0\0\0", False),
    ("DSDT beyond all memory", FADT_AT + 140, b"\xff" * 8, False),
    ("DSDT of 4 GiB", DSDT_AT + 4, b"\xff" * 4, False),
    ("DSDT that ends in the middle of the ID", DSDT_AT + 4, struct.pack("<I", NUMBER_AT + 2 - DSDT_AT), False),
    ("ID that is a page of RAM", NUMBER_AT, struct.pack("<I", 0x1000000), False),
    ("ID that is no number", NUMBER_AT - 1, b"\x70", False),
    ("ID across pages", NUMBER_AT, struct.pack("<I", 0x1A00FF8), False),
    ("ID in the null page", NUMBER_AT, struct.pack("<I", 0x800), False),
]


def acpi_table(signature, body):
    return struct.pack("<4sIBB6s8sIII", signature, 36 + len(body), 6, 0, b"FIRECK", b"FCVMTABL", 0, 0, 0) + body


def firecracker_tables(at):
    """The ID, and the way to it."""
    address = at + ID_AT
    aml = bytes(100) + b"\x08_CID\x0dVM_Gen_Counter\0" + b"\x08ADDR\x12\x08\x02\x0c" + struct.pack("<I", address) + b"\0"
    return {ID_AT: GENERATION, RSDP_AT: struct.pack("<8sB6sBIIQ", b"RSD PTR ", 0, b"FIRECK", 2, 0, 36, at + XSDT_AT),
            XSDT_AT: acpi_table(b"XSDT", struct.pack("<QQ", at + DSDT_AT, at + FADT_AT)),
            FADT_AT: acpi_table(b"FACP", bytes(104) + struct.pack("<Q", at + DSDT_AT) + bytes(128)),
            DSDT_AT: acpi_table(b"DSDT", aml)}


def firecracker_parameters(at, spoil_at, spoil):
    """The page of boot_params (Linux, Documentation/arch/x86/zero-page.rst), and the command line and tables behind it."""
    page = bytearray(6 * 4096)
    struct.pack_into("<Q", page, 0x070, at + RSDP_AT)  # acpi_rsdp_addr
    page[0x1E8] = len(FIRECRACKER_MAP)
    struct.pack_into("<H", page, 0x1FE, 0xAA55)  # boot_flag
    struct.pack_into("<I", page, 0x202, 0x53726448)  # header
    page[0x210] = 0xFF  # type_of_loader
    struct.pack_into("<I", page, 0x228, at + 4096)  # cmd_line_ptr
    struct.pack_into("<I", page, 0x230, 0x1000000)  # kernel_alignment
    struct.pack_into("<I", page, 0x238, len(FIRECRACKER_WORDS))  # cmdline_size
    for i, entry in enumerate(FIRECRACKER_MAP):
        struct.pack_into("<QQI", page, 0x2D0 + 20 * i, *entry)
    for offset, content in {4096: FIRECRACKER_WORDS, **firecracker_tables(at), spoil_at: spoil}.items():
        page[offset:offset + len(content)] = content
    return bytes(page)
