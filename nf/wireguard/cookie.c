/* SPDX-License-Identifier: Apache-2.0
 *
 * MACs and cookies; see cookie.h.
 */
#include <string.h>
#include "cookie.h"

enum { LABEL_BYTES = 8 };

static const char label_mac1[LABEL_BYTES + 1] = "mac1----";
static const char label_cookie[LABEL_BYTES + 1] = "cookie--";

static void label_key(uint8_t key[CRYPTO_KEY_BYTES], const char *label,
		      const uint8_t public_key[CRYPTO_KEY_BYTES])
{
	const struct crypto_piece pieces[] = {{label, LABEL_BYTES}, {public_key, CRYPTO_KEY_BYTES}};

	crypto_hash(key, pieces, 2);
}

void cookie_keys_init(struct cookie_keys *keys, const uint8_t public_key[CRYPTO_KEY_BYTES])
{
	label_key(keys->mac1, label_mac1, public_key);
	label_key(keys->cookie, label_cookie, public_key);
}

/* Where a message of so many bytes has its MACs. */
static size_t macs_at(size_t bytes)
{
	return bytes - sizeof(struct message_macs);
}

/* mac2 covers mac1. */
static size_t mac2_at(size_t bytes)
{
	return macs_at(bytes) + offsetof(struct message_macs, mac2);
}

void cookie_add_macs(const struct cookie_keys *keys, const struct cookie_given *given, void *message,
		     size_t bytes, uint64_t now_ns)
{
	uint8_t *mac1 = (uint8_t *)message + macs_at(bytes), *mac2 = (uint8_t *)message + mac2_at(bytes);

	crypto_mac(mac1, keys->mac1, sizeof(keys->mac1), message, macs_at(bytes));
	if (now_ns < given->until_ns)
		crypto_mac(mac2, given->cookie, sizeof(given->cookie), message, mac2_at(bytes));
	else
		memset(mac2, 0, CRYPTO_MAC_BYTES);
}

bool cookie_check_mac1(const struct cookie_keys *keys, const void *message, size_t bytes)
{
	uint8_t mac[CRYPTO_MAC_BYTES];

	crypto_mac(mac, keys->mac1, sizeof(keys->mac1), message, macs_at(bytes));
	return crypto_equal(mac, (const uint8_t *)message + macs_at(bytes), sizeof(mac));
}

/* A new secret every two minutes. */
static bool refresh_secret(struct cookie_checker *checker, uint64_t now_ns)
{
	if (now_ns < checker->secret_until_ns)
		return true;
	checker->secret_until_ns = 0;
	if (!crypto_random(checker->secret, sizeof(checker->secret)))
		return false;
	checker->secret_until_ns = now_ns + COOKIE_LIFETIME * WIREGUARD_SECOND_NS;
	return true;
}

/* tau := MAC(secret, address || port) */
static bool make_cookie(struct cookie_checker *checker, const struct wireguard_endpoint *from,
			uint64_t now_ns, uint8_t cookie[COOKIE_BYTES])
{
	uint8_t source[sizeof(from->address) + sizeof(from->port)];
	size_t bytes = from->family == 4 ? sizeof(from->address.ipv4) : sizeof(from->address.ipv6);

	if (!refresh_secret(checker, now_ns))
		return false;
	memcpy(source, &from->address, bytes);
	memcpy(source + bytes, &from->port, sizeof(from->port));
	crypto_mac(cookie, checker->secret, sizeof(checker->secret), source, bytes + sizeof(from->port));
	return true;
}

bool cookie_check_mac2(struct cookie_checker *checker, const void *message, size_t bytes,
		       const struct wireguard_endpoint *from, uint64_t now_ns)
{
	static const uint8_t none[CRYPTO_MAC_BYTES];
	uint8_t cookie[COOKIE_BYTES], mac[CRYPTO_MAC_BYTES];
	bool good;

	/* Who has no cookie sends zeros. */
	if (crypto_equal((const uint8_t *)message + mac2_at(bytes), none, sizeof(none)) ||
	    !make_cookie(checker, from, now_ns, cookie))
		return false;
	crypto_mac(mac, cookie, sizeof(cookie), message, mac2_at(bytes));
	good = crypto_equal(mac, (const uint8_t *)message + mac2_at(bytes), sizeof(mac));
	crypto_wipe(cookie, sizeof(cookie));
	return good;
}

bool cookie_create_reply(struct cookie_checker *checker, const void *message, size_t bytes, rte_le32_t sender,
			 const struct wireguard_endpoint *from, uint64_t now_ns,
			 struct message_cookie_reply *reply)
{
	reply->type = rte_cpu_to_le_32(MESSAGE_COOKIE_REPLY);
	reply->receiver = sender;
	if (!crypto_random(reply->nonce, sizeof(reply->nonce)) ||
	    !make_cookie(checker, from, now_ns, reply->sealed_cookie))
		return false;
	crypto_xseal(reply->sealed_cookie, COOKIE_BYTES, checker->keys.cookie, reply->nonce,
		     (const uint8_t *)message + macs_at(bytes), CRYPTO_MAC_BYTES);
	return true;
}

bool cookie_consume_reply(const struct cookie_keys *keys, const uint8_t mac1[CRYPTO_MAC_BYTES],
			  const struct message_cookie_reply *reply, uint64_t now_ns,
			  struct cookie_given *given)
{
	uint8_t cookie[COOKIE_BYTES + CRYPTO_TAG_BYTES];

	memcpy(cookie, reply->sealed_cookie, sizeof(cookie));
	if (!crypto_xopen(cookie, COOKIE_BYTES, keys->cookie, reply->nonce, mac1, CRYPTO_MAC_BYTES))
		return false;
	memcpy(given->cookie, cookie, COOKIE_BYTES);
	given->until_ns = now_ns + (COOKIE_LIFETIME - COOKIE_LATENCY) * WIREGUARD_SECOND_NS;
	crypto_wipe(cookie, sizeof(cookie));
	return true;
}
