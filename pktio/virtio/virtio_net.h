/* SPDX-License-Identifier: Apache-2.0
 *
 * The virtio network card: its face to the rest of the image. Behind it, setup.c brings a card up, rx.c and
 * tx.c move bursts, ring.h hides which of the two ring formats is used, and transport.h on which bus the card
 * sits.
 *
 * One packet's life: rx_receive takes a filled mbuf from the receive ring, the chain works on it, tx_transmit
 * gives it to a transmit ring, and a later burst finds it sent and frees it.
 */
#ifndef PKTIO_VIRTIO_NET_H
#define PKTIO_VIRTIO_NET_H

#include <stdbool.h>
#include <stdint.h>
#include "boot/handover.h"
#include "pktio/device.h"

/* Brings the card up as `device`, whose index, mtu and pool are set; fills in the rest. Where the card has no
 * MAC address of its own, device->mac must hold one. `found` must outlive the device. Returns 0, or -errno
 * after a host_log line that says why. */
int virtio_net_open(struct device *device, const struct handover_device *found);

/* Reads the MAC address of a card that is not open. Returns false if it has none; the card is left reset. */
bool virtio_net_mac(const struct handover_device *found, uint8_t mac[6]);

#endif
