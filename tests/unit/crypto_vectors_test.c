/* SPDX-License-Identifier: Apache-2.0
 *
 * crypto/: the examples of its specifications, each under its name.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "crypto/gcm.h"
#include "crypto/libcrypto.h"
#include "crypto/vectors.h"

enum { ROOM = 512 };

#define SUNSCREEN \
	"4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a20496620492063" \
	"6f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73" \
	"637265656e20776f756c642062652069742e"
#define SUNSCREEN_KEY "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"

/* The text is behind `sealed`, or the other way: `open` gives it. */
static const struct {
	const char *name;
	enum crypto_aead_kind kind;
	const char *key, *nonce, *added, *text, *sealed;
} aeads[] = {
    {"RFC 8439, 2.8.2", CRYPTO_CHACHA20_POLY1305, SUNSCREEN_KEY, "070000004041424344454647",
     "50515253c0c1c2c3c4c5c6c7", SUNSCREEN,
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
     "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
     "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"},
    {"RFC 8439, A.5", CRYPTO_CHACHA20_POLY1305,
     "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0", "000000000102030405060708",
     "f33388860000000000004e91",
     "496e7465726e65742d4472616674732061726520647261667420646f63756d656e74732076616c696420666f722061206d"
     "6178696d756d206f6620736978206d6f6e74687320616e64206d617920626520757064617465642c207265706c61636564"
     "2c206f72206f62736f6c65746564206279206f7468657220646f63756d656e747320617420616e792074696d652e204974"
     "20697320696e617070726f70726961746520746f2075736520496e7465726e65742d447261667473206173207265666572"
     "656e6365206d6174657269616c206f7220746f2063697465207468656d206f74686572207468616e206173202fe2809c77"
     "6f726b20696e2070726f67726573732e2fe2809d",
     "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0bd"
     "b7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c8559797"
     "a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e99040c5"
     "a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a0bb23160"
     "53fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130305beaba2e"
     "da04df997b714d6c6f2c29a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38"},
    {"GCM, McGrew and Viega, test case 1", CRYPTO_AES_128_GCM, "00000000000000000000000000000000",
     "000000000000000000000000", "", "", "58e2fccefa7e3061367f1d57a4e7455a"},
    {"GCM, test case 2", CRYPTO_AES_128_GCM, "00000000000000000000000000000000", "000000000000000000000000",
     "", "00000000000000000000000000000000",
     "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"},
    {"GCM, test case 3", CRYPTO_AES_128_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
     "b16aedf5aa0de657ba637b391aafd255",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05"
     "1ba30b396a0aac973d58e091473f59854d5c2af327cd64a62cf35abd2ba6fab4"},
    {"GCM, test case 4", CRYPTO_AES_128_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
     "b16aedf5aa0de657ba637b39",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05"
     "1ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47"},
    {"GCM, test case 13", CRYPTO_AES_256_GCM,
     "0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "",
     "530f8afbc74536b9a963b4f1c4cb738b"},
    {"GCM, test case 14", CRYPTO_AES_256_GCM,
     "0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
     "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {"GCM, test case 15", CRYPTO_AES_256_GCM,
     "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
     "b16aedf5aa0de657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
     "c5f61e6393ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c"},
    {"GCM, test case 16", CRYPTO_AES_256_GCM,
     "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
     "b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
     "c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"},
};

/* With a key made ready, or as it is. */
static void check_aead_with(size_t row, bool raw)
{
	_Alignas(4) uint8_t data[ROOM], room[1 + CRYPTO_KEY_BYTES], added[ROOM];
	uint8_t *key = room + 1; /* no alignment is asked for */
	struct crypto_aead aead;
	struct crypto_text text = {
	    .aead = raw ? NULL : &aead, .chacha20_poly1305_key = key, .data = data, .added = added};

	vector_read(key, aeads[row].key);
	vector_read(text.nonce, aeads[row].nonce);
	text.added_bytes = (uint32_t)vector_read(added, aeads[row].added);
	text.bytes = (uint32_t)vector_read(data, aeads[row].text);
	crypto_aead_init(&aead, aeads[row].kind, key);
	crypto_seal(&text, 1);
	if (!vector_is(data, aeads[row].sealed))
		fail_msg("%s: sealed", aeads[row].name);
	if (crypto_open(&text, 1) != 1 || !text.good || !vector_is(data, aeads[row].text))
		fail_msg("%s: opened", aeads[row].name);
}

static void check_aead(size_t row)
{
	check_aead_with(row, false);
	if (aeads[row].kind == CRYPTO_CHACHA20_POLY1305)
		check_aead_with(row, true);
}

static void each_aead_has_its_examples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(aeads) / sizeof(aeads[0]); i++)
		check_aead(i);
}

static void each_variant_of_gcm_has_them(void **state)
{
	(void)state;
	for (size_t variant = 0; variant <= gcm_mb_count; variant++) {
		const struct gcm_variant *used = variant < gcm_mb_count ? &gcm_mb[variant] : &gcm_libcrypto;

		if (!used->usable()) {
			print_message("this processor can't run %s\n", used->name);
			continue;
		}
		gcm_use(used);
		for (size_t i = 0; i < sizeof(aeads) / sizeof(aeads[0]); i++)
			check_aead(i);
	}
}

/* draft-irtf-cfrg-xchacha-03: sections 2.2.1 and A.3.1. */
static void xchacha_has_the_examples_of_its_draft(void **state)
{
	uint8_t key[CRYPTO_KEY_BYTES], nonce[CRYPTO_XNONCE_BYTES], out[CRYPTO_KEY_BYTES], data[ROOM],
	    added[16];
	size_t bytes, added_bytes = vector_read(added, "50515253c0c1c2c3c4c5c6c7");

	(void)state;
	vector_read(key, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
	vector_read(nonce, "000000090000004a0000000031415927");
	hchacha20(out, key, nonce);
	assert_true(vector_is(out, "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"));

	vector_read(key, SUNSCREEN_KEY);
	vector_read(nonce, "404142434445464748494a4b4c4d4e4f5051525354555657");
	bytes = vector_read(data, SUNSCREEN);
	crypto_xseal(data, bytes, key, nonce, added, added_bytes);
	assert_true(
	    vector_is(data, "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa644"
			    "0bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e"
			    "3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52ec0875924c1c7"
			    "987947deafd8780acf49"));
	assert_true(crypto_xopen(data, bytes, key, nonce, added, added_bytes));
	assert_true(vector_is(data, SUNSCREEN));
}

static const struct {
	const char *name, *scalar, *point, *result;
} exchanges[] = {
    {"RFC 7748, 5.2, first", "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
     "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
     "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
    {"RFC 7748, 5.2, second: the point's highest bit counts for nothing",
     "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
     "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
     "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
    {"RFC 7748, 6.1, Alice", "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
     "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
    {"RFC 7748, 6.1, Bob", "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
     "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
};

static void x25519_has_the_examples_of_rfc_7748(void **state)
{
	uint8_t scalar[CRYPTO_KEY_BYTES], point[CRYPTO_KEY_BYTES], out[CRYPTO_KEY_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
		vector_read(scalar, exchanges[i].scalar);
		vector_read(point, exchanges[i].point);
		if (!crypto_x25519(out, scalar, point) || !vector_is(out, exchanges[i].result))
			fail_msg("%s", exchanges[i].name);
	}
	vector_read(scalar, exchanges[2].scalar);
	crypto_x25519_public(out, scalar);
	assert_true(vector_is(out, exchanges[3].point));
	vector_read(scalar, exchanges[3].scalar);
	crypto_x25519_public(out, scalar);
	assert_true(vector_is(out, exchanges[2].point));
}

/* RFC 7748, section 5.2: k = u = 9, then the result becomes k, and what was k becomes u. */
static void x25519_a_thousand_times(void **state)
{
	uint8_t k[CRYPTO_KEY_BYTES] = {9}, u[CRYPTO_KEY_BYTES] = {9}, out[CRYPTO_KEY_BYTES];

	(void)state;
	for (int i = 1; i <= 1000; i++) {
		assert_true(crypto_x25519(out, k, u));
		memcpy(u, k, sizeof(u));
		memcpy(k, out, sizeof(k));
		if (i == 1)
			assert_true(
			    vector_is(k, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"));
	}
	assert_true(vector_is(k, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"));
}

/* All points of small order: cr.yp.to/ecdh.html, "How do I validate Curve25519 public keys?", less those
 * above 2^255. */
static void points_of_small_order_are_refused(void **state)
{
	static const char *const points[] = {
	    "0000000000000000000000000000000000000000000000000000000000000000",
	    "0100000000000000000000000000000000000000000000000000000000000000",
	    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	static const uint8_t zero[CRYPTO_KEY_BYTES];
	uint8_t scalar[CRYPTO_KEY_BYTES], point[CRYPTO_KEY_BYTES], out[CRYPTO_KEY_BYTES];

	(void)state;
	vector_read(scalar, exchanges[0].scalar);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		vector_read(point, points[i]);
		memset(out, 0xa5, sizeof(out));
		assert_false(crypto_x25519(out, scalar, point));
		assert_memory_equal(out, zero, sizeof(out));
	}
}

static void blake2s_hashes_abc(void **state)
{
	static const struct crypto_piece pieces[] = {{"", 0}, {"a", 1}, {"bc", 2}};
	uint8_t out[CRYPTO_HASH_BYTES];

	(void)state;
	crypto_hash(out, pieces, 3);
	assert_true(vector_is(out, "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"));
	crypto_hash(out, NULL, 0);
	assert_true(vector_is(out, "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9"));
}

static void sequence(uint8_t *out, size_t bytes, uint32_t seed)
{
	uint32_t a = 0xdead4bad * seed, b = 1;

	for (size_t i = 0; i < bytes; i++) {
		uint32_t sum = a + b;

		a = b;
		b = sum;
		out[i] = (uint8_t)(sum >> 24);
	}
}

/* As crypto/hash.c does it, for any lengths; checked against that where it has them. */
static void blake2s(uint8_t *out, uint8_t out_bytes, const uint8_t *key, uint8_t key_bytes, const uint8_t *in,
		    size_t bytes)
{
	struct blake2s_parameters parameters;
	struct blake2s hash;

	ossl_blake2s_param_init(&parameters);
	ossl_blake2s_param_set_digest_length(&parameters, out_bytes);
	ossl_blake2s_param_set_key_length(&parameters, key_bytes);
	if (key_bytes == 0)
		ossl_blake2s_init(&hash, &parameters);
	else
		ossl_blake2s_init_key(&hash, &parameters, key);
	ossl_blake2s_update(&hash, in, bytes);
	ossl_blake2s_final(out, &hash);
}

/* RFC 7693, appendix E: the hash of many hashes, with keys and without. */
static void blake2s_passes_its_self_test(void **state)
{
	static const uint8_t out_lengths[] = {16, 20, 28, 32};
	static const uint16_t in_lengths[] = {0, 3, 64, 65, 255, 1024};
	uint8_t in[1024], key[32], all[2 * 4 * 6 * 32], out[32], mac[CRYPTO_MAC_BYTES];
	size_t used = 0;

	(void)state;
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 6; j++) {
			sequence(in, in_lengths[j], in_lengths[j]);
			blake2s(all + used, out_lengths[i], NULL, 0, in, in_lengths[j]);
			used += out_lengths[i];
			sequence(key, out_lengths[i], out_lengths[i]);
			blake2s(all + used, out_lengths[i], key, out_lengths[i], in, in_lengths[j]);
			used += out_lengths[i];
			if (out_lengths[i] != CRYPTO_MAC_BYTES)
				continue;
			crypto_mac(mac, key, sizeof(mac), in, in_lengths[j]);
			assert_memory_equal(mac, all + used - sizeof(mac), sizeof(mac));
		}
	crypto_hash(out, &(struct crypto_piece){all, used}, 1);
	assert_true(vector_is(out, "6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe"));
}

/* RFC 5869 has none for BLAKE2s. By Python 3: h = lambda k, m: hmac.digest(k, m, "blake2s"); x =
 * h(bytes(range(32)), b"abc"); t1 = h(x, b"\1"); t2 = h(x, t1 + b"\2"); t3 = h(x, t2 + b"\3"). */
static void hmac_and_hkdf_are_those_of_python(void **state)
{
	static const struct crypto_piece pieces[] = {{"a", 1}, {"bc", 2}};
	uint8_t key[CRYPTO_HASH_BYTES], t[3][CRYPTO_HASH_BYTES], out[CRYPTO_HASH_BYTES];
	uint8_t(*const outs[])[CRYPTO_HASH_BYTES] = {&t[0], &t[1], &t[2]};
	uint8_t(*const over_key[])[CRYPTO_HASH_BYTES] = {&key, &t[2]};

	(void)state;
	vector_read(key, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
	crypto_hmac(out, key, pieces, 2);
	assert_true(vector_is(out, "82623be5bc0a391b24dce53e67d028eff92d586de0485ac37822e597d049c74f"));
	crypto_hkdf(outs, 3, key, "abc", 3);
	assert_true(vector_is(t[0], "c67e0b211ebf48c12c6d41da8fcee207d4c325a8c30f054d97401b14ed212f9f"));
	assert_true(vector_is(t[1], "923b032867c597d1df124053325e553b104bf3b76180a46e0c21b44001ec50f6"));
	assert_true(vector_is(t[2], "73e5eae9c5d230ea6becb29ab8a49f627aff1eb27586b938a71ae090d4c7a184"));
	crypto_hkdf(over_key, 2, key, "abc", 3);
	assert_memory_equal(key, t[0], sizeof(key));
	assert_memory_equal(t[2], t[1], sizeof(key));
}

static int set_up(void **state)
{
	struct crypto_gcm_choice choice;

	(void)state;
	return crypto_init() != NULL || crypto_gcm_init(&choice) != NULL || choice.left_out != NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_aead_has_its_examples),
	    cmocka_unit_test(each_variant_of_gcm_has_them),
	    cmocka_unit_test(xchacha_has_the_examples_of_its_draft),
	    cmocka_unit_test(x25519_has_the_examples_of_rfc_7748),
	    cmocka_unit_test(x25519_a_thousand_times),
	    cmocka_unit_test(points_of_small_order_are_refused),
	    cmocka_unit_test(blake2s_hashes_abc),
	    cmocka_unit_test(blake2s_passes_its_self_test),
	    cmocka_unit_test(hmac_and_hkdf_are_those_of_python),
	};

	return cmocka_run_group_tests_name("crypto_vectors", tests, set_up, NULL);
}
