/* SPDX-License-Identifier: Apache-2.0
 *
 * The counters, as the packet path writes them and as the host reads them.
 *
 * Everything here lives in the image's `.weir.stats` section. The image never sends a counter anywhere: the
 * host maps the guest's memory (or, for a process, the file that backs the section) and reads. An ELF note
 * tells it where. Values are little-endian 64-bit, written by one core, and only ever grow, gauges apart;
 * what the host reads is outside input to it, and is bounds-checked there.
 *
 * The books balance, always, when no packet is inside the chain:
 *     sum(port.rx_packets) == forwarded + consumed + sum(dropped) + held
 *     sum(port.tx_packets) == forwarded - fragmented + fragments + originated
 */
#ifndef NF_STATS_H
#define NF_STATS_H

#include <stdint.h>
#include "reasons.h"

enum {
	STATS_MAGIC = 0x52494557, /* "WEIR" */
	STATS_VERSION = 5,
	PORTS_MAX = 64, /* logical ports: devices and their VLANs */
	STATS_NOTE_TYPE = 1,
	/* In sections that are not loaded. Bodies are text: the canonical configuration (YAML,
	   NUL-terminated); */
	CONFIG_NOTE_TYPE = 2,
	ORIGIN_NOTE_TYPE = 3, /* lines of what it was made from (images/origin.h); */
	SBOM_NOTE_TYPE = 4,   /* SPDX 2.3, as JSON */
};
#define WEIR_NOTE_NAME "Weir"

/* Body of the ELF note of type STATS_NOTE_TYPE: addresses in the image, which is linked at fixed ones. */
struct stats_note {
	uint64_t section, section_bytes; /* the page-aligned pages that hold everything below */
	uint64_t page;			 /* struct stats_page */
	uint64_t rules;			 /* struct rule_stats[rule_count]; a rule's number is its index */
	uint64_t rule_count;
	uint64_t progress; /* struct boot_progress of boot/handover.h */
};

struct port_stats {
	/* Written by the network functions: packets that belong to this port, its VLAN included. */
	uint64_t rx_packets, rx_bytes; /* bytes from the Ethernet header on, without FCS */
	uint64_t tx_packets, tx_bytes; /* what the driver took; a super-frame counts once */
	/* Written by the driver; zero on VLAN ports. */
	uint64_t device_resets; /* the device misbehaved and was reset */
	uint64_t device_errors; /* frames refused for what the device said of them */
	uint64_t rx_no_buffer;	/* times the receive ring could not be refilled */
	uint64_t segmented;	/* super-frames cut (pktio/segment.c) because the way out can't take them */
	uint64_t checksummed;	/* transport checksums finished in software */
	uint64_t notifications; /* times the device was told of new buffers */
	uint64_t link_up;	/* gauge: 1 when there is link */
};

/* Flows; all zero in an appliance that tracks none. */
struct flow_stats {
	uint64_t
	    records; /* address of struct flow_record[capacity + 1] (nf/flow/record.h), 0: there is none */
	uint64_t record_bytes; /* sizeof(struct flow_record) */
	uint64_t capacity;
	uint64_t used;		   /* records[1 .. used] have been in use; what is behind them says nothing */
	uint64_t flows, half_open; /* gauges: in use, and of those not assured */
	uint64_t created, expired, evicted, refused;
	uint64_t bindings;	/* gauge: NAT mappings */
	uint64_t nat_exhausted; /* times that no port was free */
};

/* Tunnels; all zero in an appliance that has none. */
struct tunnel_stats {
	/* Address of struct wireguard_peer_stats[peer_count] (nf/wireguard/stats.h), by number of the peer.
	 */
	uint64_t peers;
	uint64_t peer_bytes; /* sizeof(struct wireguard_peer_stats) */
	uint64_t peer_count;
	/* What became of handshake messages. Those that were refused are under drop reasons too. */
	uint64_t initiations_sent, responses_sent, cookies_sent, keepalives_sent;
	uint64_t initiations_taken, responses_taken, cookies_taken;
	/* Datagrams of ours that did not leave: no room, link or neighbour on the way out, or no way. To
	 * their tunnel's books, what was sealed in them is sent. */
	uint64_t datagrams_lost;
};

struct rule_stats {
	uint64_t packets, bytes;
};

/* Memory that the host may read beside the counters (host_shared_memory of nf/host.h). Of a process it is in
 * the file that backs the counters: regions follow the section, each at a multiple of 4096 bytes. */
struct shared_region {
	uint64_t address, bytes; /* bytes 0: there is none */
};
enum { SHARED_REGIONS_MAX = 4 };

struct stats_page {
	uint32_t magic, version;
	uint32_t bytes; /* sizeof(struct stats_page) */
	uint32_t ports, drop_reasons;
	uint32_t reserved;
	uint64_t forwarded, consumed, held; /* held is a gauge: waiting for a next hop, or as a fragment */
	uint64_t fragmented, fragments;	    /* datagrams forwarded in pieces; pieces sent */
	uint64_t originated;		    /* packets the appliance sent on its own behalf */
	uint64_t errors_suppressed;	    /* ICMP errors not sent, by rate limit */
	uint64_t log_suppressed;	    /* log lines not written, by rate limit */
	uint64_t dropped[DROP_REASON_COUNT];
	uint64_t polls, empty_polls, sleeps;
	uint64_t busy_cycles; /* TSC cycles in polls that found packets */
	uint64_t now_ns;      /* the appliance's clock, updated when it polls */
	struct flow_stats flow;
	struct tunnel_stats tunnel;
	struct shared_region shared[SHARED_REGIONS_MAX];
	struct port_stats port[PORTS_MAX];
};

extern struct stats_page stats;
extern struct rule_stats rule_stats[];

#endif
