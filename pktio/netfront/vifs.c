/* SPDX-License-Identifier: Apache-2.0
 *
 * Which vif is whose. The toolstack makes a directory device/vif/<handle> for each network device of ours,
 * and removes it again, while the machine runs.
 *
 * A port takes the vif that has its MAC address, or that is in its slot: the place among all vifs, by handle.
 * It keeps the vif as long as that is there; when it is gone, and comes back under its handle, it is the same
 * port's. Toolstacks give new handles to what they add, so a port that has lost its vif takes any that nobody
 * has.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "net.h"

enum { VIFS_MAX = 256, NAMES_BYTES = 2048, HANDLE_MAX = 65535, MAC_TEXT_BYTES = 17 };

static struct net *nets[PORTS_MAX];
static uint16_t net_count;
static struct store_watch watch;

struct vifs {
	uint16_t count;
	struct {
		uint32_t handle;
		bool owned, has_mac;
		uint8_t mac[6];
	} vif[VIFS_MAX];
};

void vifs_add(struct net *net)
{
	nets[net_count++] = net;
}

void vifs_remove(struct net *net)
{
	for (uint16_t i = 0; i < net_count; i++)
		if (nets[i] == net)
			nets[i--] = nets[--net_count];
	if (net_count == 0)
		store_unwatch(&watch);
}

static void vif_path(char path[STORE_PATH_BYTES], uint32_t handle, const char *key)
{
	snprintf(path, STORE_PATH_BYTES, "device/vif/%u/%s", handle, key);
}

/* Two hexadecimal digits. Returns -1 where they are not. */
static int read_byte(const char *text)
{
	char digits[3] = {text[0], text[1], '\0'}, *end;
	long value = strtol(digits, &end, 16);

	return end == digits + 2 && digits[0] != '-' && digits[0] != '+' && digits[0] != ' ' ? (int)value
											     : -1;
}

/* "00:16:3e:01:02:03", of one interface. */
static bool read_mac(uint32_t handle, uint8_t mac[6])
{
	char path[STORE_PATH_BYTES], text[MAC_TEXT_BYTES + 2];

	vif_path(path, handle, "mac");
	if (store_read(path, text, sizeof(text)) != MAC_TEXT_BYTES)
		return false;
	for (int i = 0; i < 6; i++) {
		int byte = read_byte(text + 3 * i);

		if (byte < 0 || (i < 5 && text[3 * i + 2] != ':'))
			return false;
		mac[i] = (uint8_t)byte;
	}
	return !(mac[0] & 1);
}

static int by_handle(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return one < other ? -1 : one > other;
}

/* Lists vifs by ascending handle. Returns -errno where the store can't say. */
static int list(struct vifs *vifs)
{
	static char names[NAMES_BYTES];
	int length = store_directory("device/vif", names, sizeof(names));

	vifs->count = 0;
	if (length < 0)
		return length == -ENOENT ? 0 : length;
	for (int at = 0; at < length && vifs->count < VIFS_MAX; at += (int)strlen(names + at) + 1) {
		char *end;
		unsigned long handle = strtoul(names + at, &end, 10);

		if (names[at] < '0' || names[at] > '9' || *end != '\0' || handle > HANDLE_MAX)
			continue;
		memset(&vifs->vif[vifs->count], 0, sizeof(vifs->vif[0]));
		vifs->vif[vifs->count++].handle = (uint32_t)handle;
	}
	qsort(vifs->vif, vifs->count, sizeof(vifs->vif[0]), by_handle);
	return 0;
}

/* Where the backend of a vif is. Returns -ENOENT where the store does not say so (yet), other errors where it
 * does not answer. */
static int read_backend(uint32_t handle, char backend[STORE_PATH_BYTES], uint16_t *domain)
{
	char path[STORE_PATH_BYTES];
	uint32_t id;
	int result;

	vif_path(path, handle, "backend");
	result = store_read(path, backend, STORE_PATH_BYTES);
	if (result <= 0)
		return result < 0 ? result : -ENOENT;
	vif_path(path, handle, "backend-id");
	result = store_read_number(path, DOMID_FIRST_RESERVED - 1, &id);
	*domain = result == 0 ? (uint16_t)id : 0;
	return result == -EINVAL ? -ENOENT : result;
}

/* Whether what we wrote is still there: the toolstack may have taken the vif away, and handed in another one
 * under its handle, since we looked. */
static int find_written(const struct net *net)
{
	char path[STORE_PATH_BYTES], value[4];
	int length;

	if (!net->written)
		return 0;
	vif_path(path, net->handle, "request-rx-copy");
	length = store_read(path, value, sizeof(value));
	return RTE_MIN(length, 0);
}

/* Whether a device's vif, which is listed, is still the same, with the backend that it had. */
static bool is_same(const struct net *net)
{
	char backend[STORE_PATH_BYTES];
	uint16_t domain;
	int error = read_backend(net->handle, backend, &domain);

	if (error == 0 && (domain != net->domain || strcmp(backend, net->backend) != 0))
		return false;
	if (error == 0)
		error = find_written(net);
	watch.fired |= error != 0 && error != -ENOENT;
	return error != -ENOENT;
}

/* Marks what is owned and still there; those whose vif is gone, or has another backend, are told. */
static void keep(struct vifs *vifs, struct net *net)
{
	if (net->phase == PHASE_ABSENT)
		return;
	for (uint16_t i = 0; i < vifs->count; i++) {
		if (vifs->vif[i].handle != net->handle || !is_same(net))
			continue;
		vifs->vif[i].owned = true;
		return;
	}
	netfront_log(net, "is gone");
	state_vanished(net);
}

static bool bind_to(struct vifs *vifs, struct net *net, uint16_t i)
{
	int error;

	if (i >= vifs->count || vifs->vif[i].owned)
		return false;
	error = read_backend(vifs->vif[i].handle, net->backend, &net->domain);
	watch.fired |= error != 0 && error != -ENOENT;
	if (error != 0)
		return false;
	vifs->vif[i].owned = true;
	net->handle = vifs->vif[i].handle;
	/* The address that others have learned is kept. */
	if (!net->had_vif && !net->wish->by_mac && vifs->vif[i].has_mac)
		memcpy(net->device->mac, vifs->vif[i].mac, sizeof(net->device->mac));
	state_appeared(net);
	return true;
}

static void find_by_mac(struct vifs *vifs, struct net *net)
{
	for (uint16_t i = 0; i < vifs->count; i++)
		if (vifs->vif[i].has_mac && memcmp(vifs->vif[i].mac, net->wish->mac, 6) == 0 &&
		    bind_to(vifs, net, i))
			return;
}

static void find_own(struct vifs *vifs, struct net *net)
{
	for (uint16_t i = 0; i < vifs->count; i++)
		if (vifs->vif[i].handle == net->handle && bind_to(vifs, net, i))
			return;
}

static void find_any(struct vifs *vifs, struct net *net)
{
	for (uint16_t i = 0; i < vifs->count; i++)
		if (bind_to(vifs, net, i))
			return;
}

/* Each way to find a vif comes after everybody else had the choice of the better ones. */
static void find_all(struct vifs *vifs)
{
	for (uint16_t i = 0; i < net_count; i++)
		if (nets[i]->phase == PHASE_ABSENT && nets[i]->wish->by_mac)
			find_by_mac(vifs, nets[i]);
	for (uint16_t i = 0; i < net_count; i++)
		if (nets[i]->phase == PHASE_ABSENT && !nets[i]->wish->by_mac && nets[i]->had_vif)
			find_own(vifs, nets[i]);
	for (uint16_t i = 0; i < net_count; i++)
		if (nets[i]->phase == PHASE_ABSENT && !nets[i]->wish->by_mac && !nets[i]->had_vif)
			bind_to(vifs, nets[i], nets[i]->wish->slot);
	for (uint16_t i = 0; i < net_count; i++)
		if (nets[i]->phase == PHASE_ABSENT && !nets[i]->wish->by_mac && nets[i]->had_vif)
			find_any(vifs, nets[i]);
}

void vifs_look(void)
{
	static struct vifs vifs;

	if (!watch.fired)
		return;
	watch.fired = false;
	if (list(&vifs) < 0) {
		watch.fired = true;
		return;
	}
	for (uint16_t i = 0; i < net_count; i++)
		keep(&vifs, nets[i]);
	for (uint16_t i = 0; i < vifs.count; i++)
		vifs.vif[i].has_mac = !vifs.vif[i].owned && read_mac(vifs.vif[i].handle, vifs.vif[i].mac);
	find_all(&vifs);
}

void vifs_start(void)
{
	snprintf(watch.path, sizeof(watch.path), "device/vif");
	store_watch(&watch);
	watch.fired = true;
	vifs_look();
	for (uint16_t i = 0; i < net_count; i++)
		if (nets[i]->phase == PHASE_ABSENT)
			netfront_log(nets[i], "there is none (yet)");
	store_hurry();
}

void vifs_resume(void)
{
	for (uint16_t i = 0; i < net_count; i++)
		state_lost(nets[i]);
	watch.fired = true;
	vifs_look();
}
