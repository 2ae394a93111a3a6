/* SPDX-License-Identifier: Apache-2.0
 *
 * What a virtio device and its driver share: registers, rings, feature bits. Names follow the specification
 * where that does not shout, and each part cites its section.
 *
 * Source: Virtual I/O Device (VIRTIO) Version 1.2, OASIS Committee Specification 01. All fields are
 * little-endian, as is the only machine that Weir runs on. Feature bits are bit numbers, never masks.
 */
#ifndef PKTIO_VIRTIO_REGISTERS_H
#define PKTIO_VIRTIO_REGISTERS_H

#include <stddef.h>
#include <stdint.h>

/* Section 2.1: device status, a mask. Bits are added as the driver gets on; writing 0 resets. */
enum status_bit {
	STATUS_RESET = 0,
	STATUS_ACKNOWLEDGE = 1,
	STATUS_DRIVER = 2,
	STATUS_DRIVER_OK = 4,
	STATUS_FEATURES_OK = 8,
	STATUS_NEEDS_RESET = 64,
	STATUS_FAILED = 128,
};

/* Sections 4.1.4.5 and 4.2.2: why a device interrupted. */
enum interrupt_bit {
	INTERRUPT_USED = 1,   /* it used a buffer */
	INTERRUPT_CHANGE = 2, /* of its configuration or status */
};

/* Section 5.1.3 (network device) and section 6 (reserved feature bits): bit numbers. */
enum feature {
	FEATURE_CSUM = 0,	/* device completes checksums on transmission */
	FEATURE_GUEST_CSUM = 1, /* driver takes frames whose checksum is still to be completed */
	FEATURE_MTU = 3,	/* config.mtu is the largest L3 size */
	FEATURE_MAC = 5,	/* config.mac is valid */
	FEATURE_GUEST_TSO4 = 7, /* driver takes super-frames */
	FEATURE_GUEST_TSO6 = 8,
	FEATURE_GUEST_ECN = 9,	/* ... with CWR set in the first segment only */
	FEATURE_HOST_TSO4 = 11, /* device takes super-frames */
	FEATURE_HOST_TSO6 = 12,
	FEATURE_HOST_ECN = 13,
	FEATURE_MRG_RXBUF = 15,	      /* a frame may fill several receive buffers */
	FEATURE_STATUS = 16,	      /* config.status is valid */
	FEATURE_INDIRECT_DESC = 28,   /* a descriptor may stand for a table of them */
	FEATURE_EVENT_IDX = 29,	      /* notifications are suppressed by position */
	FEATURE_VERSION_1 = 32,	      /* not a legacy device */
	FEATURE_ACCESS_PLATFORM = 33, /* device sees memory through an IOMMU, or not all of it */
	FEATURE_RING_PACKED = 34,
};

/* Section 5.1.2: with neither multiple queues nor a control queue, a network card has these two. */
enum { QUEUE_RECEIVE = 0, QUEUE_TRANSMIT = 1 };

/* Section 5.1.4: device configuration layout. */
struct net_config {
	uint8_t mac[6];
	uint16_t status; /* bit 0: link up */
	uint16_t max_virtqueue_pairs;
	uint16_t mtu;
};
enum { NET_STATUS_LINK_UP = 1 };
_Static_assert(offsetof(struct net_config, status) == 6 && offsetof(struct net_config, mtu) == 10, "5.1.4");

/* Section 4.2.2: MMIO device register layout. Registers are 32 bits wide, accessed as such. */
struct mmio_registers {
	uint32_t magic; /* "virt" */
	uint32_t version;
	uint32_t device_id;
	uint32_t vendor_id;
	uint32_t device_features;
	uint32_t device_features_select;
	uint32_t reserved_018[2];
	uint32_t driver_features;
	uint32_t driver_features_select;
	uint32_t reserved_028[2];
	uint32_t queue_select;
	uint32_t queue_size_max;
	uint32_t queue_size;
	uint32_t reserved_03c[2];
	uint32_t queue_ready;
	uint32_t reserved_048[2];
	uint32_t queue_notify;
	uint32_t reserved_054[3];
	uint32_t interrupt_status; /* enum interrupt_bit */
	uint32_t interrupt_acknowledge;
	uint32_t reserved_068[2];
	uint32_t status;
	uint32_t reserved_074[3];
	uint32_t queue_descriptors_low, queue_descriptors_high;
	uint32_t reserved_088[2];
	uint32_t queue_driver_low, queue_driver_high;
	uint32_t reserved_098[2];
	uint32_t queue_device_low, queue_device_high;
	uint32_t reserved_0a8[21];
	uint32_t config_generation;
	uint8_t config[256];
};
enum { MMIO_MAGIC = 0x74726976, MMIO_VERSION = 2 };
_Static_assert(offsetof(struct mmio_registers, driver_features) == 0x020, "4.2.2");
_Static_assert(offsetof(struct mmio_registers, queue_select) == 0x030, "4.2.2");
_Static_assert(offsetof(struct mmio_registers, queue_ready) == 0x044, "4.2.2");
_Static_assert(offsetof(struct mmio_registers, queue_notify) == 0x050, "4.2.2");
_Static_assert(offsetof(struct mmio_registers, interrupt_status) == 0x060, "4.2.2");
_Static_assert(offsetof(struct mmio_registers, status) == 0x070, "4.2.2");
_Static_assert(offsetof(struct mmio_registers, queue_descriptors_low) == 0x080, "4.2.2");
_Static_assert(offsetof(struct mmio_registers, queue_driver_low) == 0x090, "4.2.2");
_Static_assert(offsetof(struct mmio_registers, queue_device_low) == 0x0a0, "4.2.2");
_Static_assert(offsetof(struct mmio_registers, config_generation) == 0x0fc, "4.2.2");
_Static_assert(offsetof(struct mmio_registers, config) == 0x100, "4.2.2");

/* Section 4.1.4.3: common configuration structure of a PCI device. Each field is accessed in its own width,
 * 64-bit ones as two halves. */
struct pci_common {
	uint32_t device_feature_select;
	uint32_t device_feature;
	uint32_t driver_feature_select;
	uint32_t driver_feature;
	uint16_t config_msix_vector;
	uint16_t queue_count;
	uint8_t device_status;
	uint8_t config_generation;
	uint16_t queue_select;
	uint16_t queue_size;
	uint16_t queue_msix_vector;
	uint16_t queue_enable;
	uint16_t queue_notify_offset;
	uint32_t queue_descriptors_low, queue_descriptors_high;
	uint32_t queue_driver_low, queue_driver_high;
	uint32_t queue_device_low, queue_device_high;
};
enum { PCI_NO_VECTOR = 0xffff };
_Static_assert(offsetof(struct pci_common, config_msix_vector) == 0x10, "4.1.4.3");
_Static_assert(offsetof(struct pci_common, device_status) == 0x14, "4.1.4.3");
_Static_assert(offsetof(struct pci_common, queue_size) == 0x18, "4.1.4.3");
_Static_assert(offsetof(struct pci_common, queue_notify_offset) == 0x1e, "4.1.4.3");
_Static_assert(offsetof(struct pci_common, queue_descriptors_low) == 0x20, "4.1.4.3");
_Static_assert(sizeof(struct pci_common) == 0x38, "4.1.4.3");

/* Sections 2.7.5 and 2.8.13: descriptor flags. The last two exist in packed rings only. */
enum descriptor_flag {
	DESCRIPTOR_NEXT = 1 << 0,
	DESCRIPTOR_WRITE = 1 << 1,    /* the device writes, the driver reads */
	DESCRIPTOR_INDIRECT = 1 << 2, /* the buffer is a table of descriptors */
	DESCRIPTOR_AVAILABLE = 1 << 7,
	DESCRIPTOR_USED = 1 << 15,
};

/* Section 2.7: split virtqueues. */
struct split_descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags;
	uint16_t next;
};
_Static_assert(sizeof(struct split_descriptor) == 16, "2.7.5");

struct split_available {
	uint16_t flags;
	uint16_t index;
	uint16_t ring[]; /* [size], then used_event */
};
enum { SPLIT_NO_INTERRUPT = 1 };

struct split_used_element {
	uint32_t id;
	uint32_t length;
};

struct split_used {
	uint16_t flags;
	uint16_t index;
	struct split_used_element ring[]; /* [size], then avail_event, 16 bits */
};
enum { SPLIT_NO_NOTIFY = 1 };
_Static_assert(offsetof(struct split_used, ring) == 4 && sizeof(struct split_used_element) == 8, "2.7.8");

/* Section 2.8: packed virtqueues. */
struct packed_descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t id;
	uint16_t flags;
};
_Static_assert(sizeof(struct packed_descriptor) == 16 && offsetof(struct packed_descriptor, flags) == 14,
	       "2.8.13");

/* Section 2.8.14: event suppression structure. */
struct packed_event {
	uint16_t position; /* bits 0-14 offset in the ring, bit 15 wrap counter */
	uint16_t flags;
};
enum packed_event_flag { EVENT_ENABLE = 0, EVENT_DISABLE = 1, EVENT_AT_POSITION = 2, EVENT_FLAGS = 3 };
enum { EVENT_WRAP = 1 << 15 };

enum {
	QUEUE_SIZE_MAX = 32768, /* section 2.7, and 2.8.10.1 */
	/* Section 5.1.6.3.1: the largest frame there is, with its header of 12 bytes. */
	NET_HEADER_BYTES = 12,
	NET_FRAME_BYTES_MAX = 65562 - NET_HEADER_BYTES,
};

#endif
