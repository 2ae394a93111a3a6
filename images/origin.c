/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading what an image says of its origin; see origin.h.
 */
#include "origin.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

bool origin_hash(const void *bytes, size_t length, char text[HASH_TEXT + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t hash[HASH_BYTES];

	if (EVP_Digest(bytes, length, hash, NULL, EVP_sha256(), NULL) != 1)
		return false;
	for (size_t i = 0; i < HASH_BYTES; i++) {
		text[2 * i] = digits[hash[i] >> 4];
		text[2 * i + 1] = digits[hash[i] & 15];
	}
	text[HASH_TEXT] = '\0';
	return true;
}

/* The SBOM */

/* A text of an object: NULL where there is none, or one that can't be shown. */
static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && image_is_text(text, strlen(text)) && !strpbrk(text, "\n\t") ? text : NULL;
}

static const char *purl_of(const json_t *package)
{
	const json_t *references = json_object_get(package, "externalRefs"), *reference;
	size_t i;

	json_array_foreach(references, i, reference)
	{
		const char *type = text_of(reference, "referenceType");

		if (type && strcmp(type, "purl") == 0)
			return text_of(reference, "referenceLocator");
	}
	return NULL;
}

static const char *take_packages(struct origin *origin)
{
	const json_t *packages = json_object_get(origin->sbom, "packages"), *package;
	size_t count = json_array_size(packages), i;

	if (count > ORIGIN_PACKAGES_MAX)
		return "its SBOM has too many packages";
	origin->packages = calloc(count + 1, sizeof(origin->packages[0]));
	if (!origin->packages)
		abort();
	json_array_foreach(packages, i, package)
	{
		origin->packages[i] = (struct origin_package){
		    .id = text_of(package, "SPDXID"),
		    .name = text_of(package, "name"),
		    .version = text_of(package, "versionInfo"),
		    .licence = text_of(package, "licenseDeclared"),
		    .purl = purl_of(package),
		};
		if (!origin->packages[i].id || !origin->packages[i].name)
			return "its SBOM has a package without a name";
		origin->package_count++;
	}
	return NULL;
}

static struct origin_package *find_package(struct origin *origin, const char *id, size_t length)
{
	for (size_t i = 0; i < origin->package_count; i++)
		if (strlen(origin->packages[i].id) == length &&
		    memcmp(origin->packages[i].id, id, length) == 0)
			return &origin->packages[i];
	return NULL;
}

/* "image STATIC_LINK package", "image CONTAINS package", "package BUILD_TOOL_OF image" */
static void take_relationship(struct origin *origin, const json_t *relationship)
{
	const char *type = text_of(relationship, "relationshipType");
	bool tool = type && strcmp(type, "BUILD_TOOL_OF") == 0;
	bool linked = type && (strcmp(type, "STATIC_LINK") == 0 || strcmp(type, "CONTAINS") == 0);
	const char *id = text_of(relationship, tool ? "spdxElementId" : "relatedSpdxElement");
	struct origin_package *package = id ? find_package(origin, id, strlen(id)) : NULL;

	if (package && (tool || linked) && package->role != ORIGIN_LINKED)
		package->role = linked ? ORIGIN_LINKED : ORIGIN_TOOL;
}

static const char *take_sbom(struct origin *origin, const struct image_text *note)
{
	const char *version, *wrong;
	const json_t *relationships, *relationship;
	size_t i;

	origin->sbom = json_loadb(note->text, note->length, JSON_REJECT_DUPLICATES, NULL);
	version = text_of(origin->sbom, "spdxVersion");
	if (!version)
		return "its SBOM is not SPDX in JSON";
	if (strcmp(version, "SPDX-2.3") != 0)
		return "its SBOM is of another version than SPDX 2.3";
	wrong = take_packages(origin);
	if (wrong)
		return wrong;
	relationships = json_object_get(origin->sbom, "relationships");
	if (json_array_size(relationships) > ORIGIN_PACKAGES_MAX)
		return "its SBOM has too many relationships";
	json_array_foreach(relationships, i, relationship) take_relationship(origin, relationship);
	return NULL;
}

/* Lines */

static const char *take_hash(const char *word, size_t length, char hash[HASH_TEXT + 1])
{
	if (length != HASH_TEXT || strspn(word, "0123456789abcdef") < HASH_TEXT || *hash)
		return "what it says of its origin has a hash that is none";
	memcpy(hash, word, HASH_TEXT);
	hash[HASH_TEXT] = '\0';
	return NULL;
}

static const char *take_bytes(struct origin *origin, const char *words, size_t length)
{
	size_t digits = strspn(words, "0123456789");
	struct origin_package *package;

	if (digits == 0 || digits > 12 || digits + 1 >= length || words[digits] != ' ')
		return "what it says of its origin has a size that is none";
	package = find_package(origin, words + digits + 1, length - digits - 1);
	if (package)
		package->bytes = strtoull(words, NULL, 10);
	return NULL;
}

static const char *take_line(struct origin *origin, const char *line, size_t length)
{
	static const char sources[] = "sources ", configuration[] = "configuration ", bytes[] = "bytes ";

	if (strncmp(line, sources, strlen(sources)) == 0)
		return take_hash(line + strlen(sources), length - strlen(sources), origin->sources);
	if (strncmp(line, configuration, strlen(configuration)) == 0)
		return take_hash(line + strlen(configuration), length - strlen(configuration),
				 origin->configuration);
	if (strncmp(line, bytes, strlen(bytes)) == 0)
		return take_bytes(origin, line + strlen(bytes), length - strlen(bytes));
	return NULL;
}

/* A copy ends in a NUL, as the functions above want it. */
static const char *take_lines(struct origin *origin, const struct image_text *note)
{
	char *copy = strndup(note->text, note->length);
	const char *wrong = NULL;

	if (!copy)
		abort();
	for (char *line = copy; *line && !wrong; line += strcspn(line, "\n"), line += *line == '\n')
		wrong = take_line(origin, line, strcspn(line, "\n"));
	free(copy);
	return wrong;
}

const char *origin_read(struct origin *origin, const struct image_notes *notes)
{
	const char *wrong = NULL;

	*origin = (struct origin){0};
	if (notes->sbom.text)
		wrong = take_sbom(origin, &notes->sbom);
	if (!wrong && notes->origin.text)
		wrong = take_lines(origin, &notes->origin);
	return wrong;
}

void origin_free(struct origin *origin)
{
	json_decref(origin->sbom);
	free(origin->packages);
	*origin = (struct origin){0};
}
