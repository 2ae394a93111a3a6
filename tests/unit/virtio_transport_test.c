/* SPDX-License-Identifier: Apache-2.0
 *
 * The two transports over plain memory: which registers they touch, and which places that a device names they
 * refuse. Plain memory does not answer like a device, but it shows every write.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nf/host.h"
#include "nf/stats.h"
#include "pktio/virtio/net.h"

struct stats_page stats;
static struct transport transport;
static const struct queue_memory memory = {
    .size = 64,
    .descriptors = 0x1111111122222222,
    .driver = 0x3333333344444444,
    .device = 0x5555555566666666,
};

void host_log(const char *line)
{
	(void)line;
}

/* Register pages on the heap, so that the sanitizer sees an access beside them. */
static struct mmio_registers *mmio_card(struct handover_device *found)
{
	struct mmio_registers *registers = calloc(1, sizeof(*registers));

	registers->magic = MMIO_MAGIC;
	registers->version = MMIO_VERSION;
	registers->device_id = 1;
	*found = (struct handover_device){
	    .virtio_id = 1,
	    .transport = TRANSPORT_VIRTIO_MMIO,
	    .interrupt = true,
	    .mmio = {.registers = (uintptr_t)registers},
	};
	return registers;
}

static void mmio_identity(void **state)
{
	struct handover_device found;
	struct mmio_registers *registers = mmio_card(&found);

	(void)state;
	assert_int_equal(mmio_attach(&transport, &found), 0);
	assert_true(transport.interrupts);
	registers->version = 1;
	assert_int_equal(mmio_attach(&transport, &found), -ENODEV);
	registers->version = MMIO_VERSION;
	registers->magic = 0;
	assert_int_equal(mmio_attach(&transport, &found), -ENODEV);
	registers->magic = MMIO_MAGIC;
	registers->device_id = 4;
	assert_int_equal(mmio_attach(&transport, &found), -ENODEV);
	free(registers);
}

static void mmio_queue(void **state)
{
	struct handover_device found;
	struct mmio_registers *registers = mmio_card(&found);

	(void)state;
	mmio_attach(&transport, &found);
	transport.operations->queue_size_max(&transport, QUEUE_TRANSMIT);
	assert_int_equal(transport.operations->queue_enable(&transport, QUEUE_TRANSMIT, &memory), 0);
	assert_int_equal(registers->queue_select, QUEUE_TRANSMIT);
	assert_int_equal(registers->queue_size, 64);
	assert_int_equal(registers->queue_descriptors_high, 0x11111111);
	assert_int_equal(registers->queue_descriptors_low, 0x22222222);
	assert_int_equal(registers->queue_driver_high, 0x33333333);
	assert_int_equal(registers->queue_driver_low, 0x44444444);
	assert_int_equal(registers->queue_device_high, 0x55555555);
	assert_int_equal(registers->queue_device_low, 0x66666666);
	assert_int_equal(registers->queue_ready, 1);
	assert_int_equal(transport.operations->queue_enable(&transport, QUEUE_TRANSMIT, &memory), -EBUSY);
	transport.operations->notify(&transport, QUEUE_TRANSMIT);
	assert_int_equal(registers->queue_notify, QUEUE_TRANSMIT);
	free(registers);
}

static void mmio_interrupt(void **state)
{
	struct handover_device found;
	struct mmio_registers *registers = mmio_card(&found);

	(void)state;
	mmio_attach(&transport, &found);
	assert_false(transport.operations->changed(&transport));
	assert_int_equal(registers->interrupt_acknowledge, 0);
	transport.operations->acknowledge(&transport);
	assert_int_equal(registers->interrupt_acknowledge, 1);
	registers->interrupt_status = 1;
	assert_false(transport.operations->changed(&transport));
	assert_int_equal(registers->interrupt_acknowledge, 1);
	registers->interrupt_status = 3;
	assert_true(transport.operations->changed(&transport));
	assert_int_equal(registers->interrupt_acknowledge, 3);
	free(registers);
}

/* A card whose notify area has room for two queues, and whose configuration ends before the mtu. */
struct pci_card {
	struct pci_common common;
	uint16_t notify[2];
	uint8_t config[10];
	uint8_t isr;
};

static struct pci_card *pci_card(struct handover_device *found)
{
	struct pci_card *card = calloc(1, sizeof(*card));

	card->common.queue_count = 2;
	card->common.queue_size = 256;
	memset(card->config, 0xaa, sizeof(card->config));
	*found = (struct handover_device){
	    .virtio_id = 1,
	    .transport = TRANSPORT_VIRTIO_PCI,
	    .interrupt = true,
	    .pci =
		{
		    .common = (uintptr_t)&card->common,
		    .notify = (uintptr_t)card->notify,
		    .isr = (uintptr_t)&card->isr,
		    .config = (uintptr_t)card->config,
		    .notify_multiplier = 2,
		    .notify_length = sizeof(card->notify),
		    .config_length = sizeof(card->config),
		    .msix_vector = 3,
		},
	};
	return card;
}

static void pci_queue(void **state)
{
	struct handover_device found;
	struct pci_card *card = pci_card(&found);

	(void)state;
	assert_int_equal(pci_attach(&transport, &found), 0);
	card->common.queue_notify_offset = 1;
	assert_int_equal(transport.operations->queue_size_max(&transport, 0), 256);
	assert_int_equal(transport.operations->queue_size_max(&transport, 2), 0);
	assert_int_equal(transport.operations->queue_enable(&transport, QUEUE_RECEIVE, &memory), 0);
	assert_int_equal(card->common.queue_size, 64);
	assert_int_equal(card->common.queue_descriptors_high, 0x11111111);
	assert_int_equal(card->common.queue_driver_low, 0x44444444);
	assert_int_equal(card->common.queue_device_low, 0x66666666);
	assert_int_equal(card->common.queue_msix_vector, 3);
	assert_int_equal(card->common.queue_enable, 1);
	assert_int_equal(transport.operations->queue_enable(&transport, QUEUE_RECEIVE, &memory), -EBUSY);
	card->notify[1] = 0xffff;
	transport.operations->notify(&transport, QUEUE_RECEIVE);
	assert_int_equal(card->notify[1], QUEUE_RECEIVE);
	free(card);
}

/* Reading the ISR status clears it, so that what it said must be kept. */
static void pci_interrupt(void **state)
{
	struct handover_device found;
	struct pci_card *card = pci_card(&found);

	(void)state;
	assert_int_equal(pci_attach(&transport, &found), 0);
	assert_true(transport.operations->changed(&transport)); /* MSI-X: may always be */
	found.pci.msix_vector = PCI_NO_VECTOR;
	assert_false(transport.operations->changed(&transport));
	card->isr = 3;
	transport.operations->acknowledge(&transport);
	card->isr = 0;
	assert_true(transport.operations->changed(&transport));
	assert_false(transport.operations->changed(&transport));
	card->isr = 1;
	assert_false(transport.operations->changed(&transport));
	free(card);
}

static void pci_transmit_has_no_vector(void **state)
{
	struct handover_device found;
	struct pci_card *card = pci_card(&found);

	(void)state;
	pci_attach(&transport, &found);
	assert_int_equal(transport.operations->queue_enable(&transport, QUEUE_TRANSMIT, &memory), 0);
	assert_int_equal(card->common.queue_msix_vector, PCI_NO_VECTOR);
	free(card);
}

static const struct notify_place {
	const char *name;
	uint16_t offset;
	uint32_t multiplier, length;
	int error;
} notify_places[] = {
    {"notify: last place", 1, 2, 4, 0},
    {"notify: multiplier 0, one place for all", 0xffff, 0, 4, 0},
    {"notify: just outside", 2, 2, 4, -ERANGE},
    {"notify: half outside", 1, 2, 3, -ERANGE},
    {"notify: odd place", 1, 1, 4, -ERANGE},
    {"notify: product beyond 32 bits", 0xffff, 0xfffffffe, 4, -ERANGE},
    {"notify: nothing mapped", 0, 2, 0, -ERANGE},
};

static void pci_notify_place(void **state)
{
	const struct notify_place *row = *state;
	struct handover_device found;
	struct pci_card *card = pci_card(&found);

	found.pci.notify_multiplier = row->multiplier;
	found.pci.notify_length = row->length;
	card->common.queue_notify_offset = row->offset;
	pci_attach(&transport, &found);
	assert_int_equal(transport.operations->queue_enable(&transport, 0, &memory), row->error);
	assert_int_equal(card->common.queue_enable, !row->error);
	free(card);
}

static void pci_configuration_ends(void **state)
{
	struct handover_device found;
	struct pci_card *card = pci_card(&found);

	(void)state;
	pci_attach(&transport, &found);
	assert_int_equal(transport.operations->config(&transport, 8, 2), 0xaaaa);
	assert_int_equal(transport.operations->config(&transport, 9, 2), 0);
	assert_int_equal(transport.operations->config(&transport, 9, 1), 0xaa);
	assert_int_equal(transport.operations->config(&transport, 10, 2), 0);
	free(card);
}

int main(void)
{
	static struct CMUnitTest tests[6 + RTE_DIM(notify_places)] = {
	    cmocka_unit_test(mmio_identity),	      cmocka_unit_test(mmio_queue),
	    cmocka_unit_test(mmio_interrupt),	      cmocka_unit_test(pci_queue),
	    cmocka_unit_test(pci_interrupt),	      cmocka_unit_test(pci_transmit_has_no_vector),
	    cmocka_unit_test(pci_configuration_ends),
	};

	for (size_t i = 0; i < RTE_DIM(notify_places); i++)
		tests[6 + i] = (struct CMUnitTest){notify_places[i].name, pci_notify_place, NULL, NULL,
						   (void *)(uintptr_t)&notify_places[i]};
	return cmocka_run_group_tests_name("virtio transports", tests, NULL, NULL);
}
