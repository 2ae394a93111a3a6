/* SPDX-License-Identifier: Apache-2.0
 *
 * What ring 0 tells ring 3, and the little that ring 3 tells back.
 *
 * Ring 0 fills one `struct handover` before it starts ring 3 and passes its address in the auxiliary vector
 * under AT_WEIR_HANDOVER. The pages that hold it are read-only in ring 3. A process on Linux finds no such
 * entry: that is how the image knows which of its two worlds it is in.
 *
 * This header is the whole contract between the two rings. It includes nothing of Weir.
 */
#ifndef BOOT_HANDOVER_H
#define BOOT_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

enum {
	AT_WEIR_HANDOVER = 0x57454952, /* a_type of the auxv entry; a_val is a `const struct handover *` */
	HANDOVER_VERSION = 1,
	HANDOVER_DEVICES_MAX = 64,
};

/* Monotonic nanoseconds since the first instruction:
 *     now = base_ns + (((tsc - base_tsc) * mult) >> shift)       (128-bit product)
 * and nanoseconds since 1970 UTC: now + wall_offset_ns. */
struct handover_clock {
	uint64_t base_tsc;
	uint64_t base_ns;
	uint64_t tsc_hz;
	uint64_t wall_offset_ns;
	uint32_t mult;
	uint32_t shift;
	const char *source; /* "kvmclock", "xen", "cpuid", "pit": for the log */
};

enum handover_transport {
	TRANSPORT_VIRTIO_MMIO = 1, /* virtio 1.2, section 4.2 */
	TRANSPORT_VIRTIO_PCI = 2,  /* virtio 1.2, section 4.1, modern only */
};

/* One device found at boot, in slot order: MMIO devices by ascending address, or PCI functions by ascending
 * bus:device.function. Its register pages are mapped uncached, writable and not executable in ring 3. */
struct handover_device {
	uint16_t virtio_id; /* virtio 1.2, section 5: 1 network card, 4 entropy source, ... */
	uint8_t transport;  /* enum handover_transport */
	uint8_t interrupt;  /* true: the device's interrupt is routed and ends a WEIR_CALL_WAIT */
	uint32_t location;  /* for messages: MMIO base address, or bus << 8 | device << 3 | function */
	union {
		struct {
			uintptr_t registers; /* 0x200 bytes, virtio 1.2, section 4.2.2 */
		} mmio;
		struct {
			uintptr_t common; /* struct virtio_pci_common_cfg, section 4.1.4.3 */
			uintptr_t notify; /* queue notify base, section 4.1.4.4 */
			uintptr_t isr;
			uintptr_t config; /* device-specific configuration */
			uint32_t notify_multiplier;
			uint32_t notify_length, config_length; /* bytes that are really there */
			uint16_t msix_vector; /* entry to write to queue_msix_vector; 0xffff: none */
		} pci;
	};
};

/* What a guest of Xen has beside all that. The pages are mapped writable in ring 3; what stands in them comes
 * from Xen and from dom0's daemons: outside input. Layouts: Xen, public/{xen,grant_table}.h, io/xs_wire.h.
 * Network devices are no part of this: ring 3 finds them in xenstore. After WEIR_CALL_XEN_SUSPEND every field
 * may have changed. */
struct handover_xen {
	uintptr_t shared_info;	/* struct shared_info: pending and masked event channels; all are masked at
				 * first,  and after a suspend. Ring 0 looks after evtchn_upcall_pending and
				 * evtchn_pending_sel */
	uintptr_t store;	/* struct xenstore_domain_interface; 0: there is no xenstore */
	uint32_t store_port;	/* event channel of the store; it can't be closed */
	uint32_t grant_version; /* 1 or 2: of the entries in the table */
	uintptr_t grants;	/* struct grant_entry_v1[] or union grant_entry_v2[]; contiguous */
	uintptr_t grant_status; /* version 2: grant_status_t[]; else 0 */
	uint32_t grant_entries; /* that the table has room for; the first GNTTAB_NR_RESERVED_ENTRIES are the
				 * toolstack's */
};

struct handover {
	uint32_t version;
	uint32_t devices;
	struct handover_device device[HANDOVER_DEVICES_MAX];
	struct handover_clock clock;
	uint64_t memory_bytes;	   /* usable RAM of the machine */
	uint64_t first_tsc;	   /* TSC at ring 0's first instruction */
	const char *boot_protocol; /* "pvh", "linux64" or "multiboot2" */
	const char *hypervisor;	   /* CPUID 0x40000000 signature, or "none" */
	bool rdrand, rdseed;	   /* what the processor has; without RDRAND getrandom is -ENOSYS */
	/* Virtual Machine Generation ID (Microsoft, 2012): 16 bytes that the hypervisor changes when it
	 * restores or copies the machine. NULL: it offers none. */
	const volatile uint8_t *generation;
	const volatile struct handover_xen *xen; /* NULL: this is no guest of Xen */
};

/* How far the image has come. Lives in the counters' pages (nf/stats.h), where the host reads it without the
 * guest's help; written by ring 0's first instruction, then by ring 3. */
enum progress_state {
	PROGRESS_NONE = 0,
	PROGRESS_RING0 = 1,   /* first instruction */
	PROGRESS_RING3 = 2,   /* main() entered */
	PROGRESS_READY = 3,   /* ports are up, polling */
	PROGRESS_DONE = 4,    /* a replay is finished, all books are final */
	PROGRESS_FAILED = 5,  /* refused to start; the console says why */
	PROGRESS_CRASHED = 6, /* exception or failed assertion; the console has a report */
};

struct boot_progress {
	uint32_t state;	    /* enum progress_state */
	int32_t burst_port; /* port whose burst is in the chain, -1 outside of one: for crash reports */
	uint64_t first_tsc, ring3_tsc, ready_tsc; /* ring3_tsc: just before ring 3's first instruction */
	uint64_t tsc_hz;
	uint64_t calls;		/* system calls that ring 0 has answered */
	uint64_t unknown_calls; /* of these, answered -ENOSYS */
};
extern volatile struct boot_progress boot_progress;

/* Weir's own system calls, beside the Linux ones that static glibc makes. Numbers no Linux call has. */
enum weir_call {
	/* Sleep until a device interrupts or the TSC reaches the first argument (0: no deadline). An
	 * interrupt that came since the last wait ends it at once; so may the deadline of an earlier one.
	 * Returns 0. */
	WEIR_CALL_WAIT = 0x5745,
	/* What struct handover_clock calls wall_offset_ns, asked anew: after a pause that the TSC has not
	 * seen it is another. 0: there is no clock to ask. */
	WEIR_CALL_WALL_OFFSET = 0x5746,

	/* A guest of Xen's only, elsewhere -ENOSYS. Event channels (Xen, public/event_channel.h); one that
	 * becomes pending and is not masked ends a WEIR_CALL_WAIT. Return 0 or -errno; _OPEN: a new port,
	 * masked, which domain `a` may bind to. */
	WEIR_CALL_XEN_EVENT_OPEN = 0x5750,
	WEIR_CALL_XEN_EVENT_CLOSE = 0x5751, /* a: port */
	WEIR_CALL_XEN_EVENT_SEND = 0x5752,  /* a: port */
	/* Gives the machine up until it is resumed, perhaps elsewhere (SHUTDOWN_suspend). No event channel
	 * and no grant of before counts any more. Returns 0; 1: the suspend was cancelled, and all of them
	 * still do; or -errno. */
	WEIR_CALL_XEN_SUSPEND = 0x5753,
	/* Ends the machine and asks for another start (SHUTDOWN_reboot). Does not return. */
	WEIR_CALL_XEN_REBOOT = 0x5754,
};

/* Exit status of the image, as a process's exit status, and through the hypervisor where it has a way. */
enum image_exit {
	IMAGE_EXIT_DONE = 0,
	IMAGE_EXIT_FAILED = 1,
	IMAGE_EXIT_USAGE = 2,
	IMAGE_EXIT_CRASHED = 70, /* EX_SOFTWARE of sysexits.h */
};

/* QEMU's own exit status for an image_exit, where it has `-device isa-debug-exit,iobase=0xf4,iosize=0x4`: the
 * guest writes v to that port, QEMU exits with v << 1 | 1. All of these differ from QEMU's own 0 and 1: DONE
 * is 65, FAILED 67, USAGE 69, CRASHED 205. */
#define IMAGE_EXIT_PORT		     0xf4
#define IMAGE_EXIT_PORT_VALUE(code)  ((code) + 0x20)
#define IMAGE_EXIT_QEMU_STATUS(code) (IMAGE_EXIT_PORT_VALUE(code) << 1 | 1)

#endif
