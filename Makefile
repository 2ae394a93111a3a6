# Weir: one YAML file into one network appliance. `make help` says what there is.
#
# What is compiled how:
#   boot/ring0           freestanding, no vector registers, not part of LTO: the monitor
#   nf, crypto           for the image: LTO archives in build/image, which images/link joins with
#                        a generated appliance into an ELF
#   boot/{ring3,eal},    for the image, too, but compiled to the end: their calls go through tables,
#   pktio                once a burst, and a third of an image's link time is saved
#   config, images       the host command, build/weir
#   tests                everything again with sanitizers, in build/test

B := build
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
# One quiet word for each step; V=1 shows whole commands, V=quiet nothing.
say = $(if $(filter 0,$(V)),@printf '  %-8s %s\n' $(1) $(patsubst $(B)/%,%,$@))

CC := gcc
CLANG := clang
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
COMMON := -std=gnu11 -g -MMD -MP -I. $(WARNINGS)
DPDK := -include rte_config.h -isystem /usr/include/dpdk -isystem /usr/include/x86_64-linux-gnu/dpdk
# Where the tree lies must not show in an image, not even through the checksum of its debugging information.
PREFIX_MAP := -ffile-prefix-map=$(CURDIR)=.
IMAGE_FLAGS := $(COMMON) $(DPDK) $(PREFIX_MAP) -O2 -march=x86-64-v2 -ffunction-sections -fdata-sections \
	-fno-omit-frame-pointer -fstack-protector-strong -fno-asynchronous-unwind-tables -fno-pie
# What is optimised anew with each configuration, since it makes another program of it.
LTO := -flto=auto
RING0_FLAGS := $(COMMON) $(PREFIX_MAP) -O2 -ffreestanding -mgeneral-regs-only -mno-red-zone -fno-stack-protector \
	-fno-omit-frame-pointer -fcf-protection=none -fno-pie -fno-asynchronous-unwind-tables
HOST_FLAGS := $(COMMON) -O2 -D_GNU_SOURCE
HOST_LIBS := -lfyaml -lpcap -ljansson -lqrencode -lcrypto
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
TEST_FLAGS := $(COMMON) $(DPDK) -D_GNU_SOURCE -O1 -march=x86-64-v2 -fno-omit-frame-pointer $(SANITIZE) \
	-fsanitize=fuzzer-no-link

RTE := acl fib rib lpm hash ip_frag gso net meter mbuf mempool ring rcu
# Nothing calls mempool_ring: its constructors register pool operations. --wrap: boot/eal/acl_memory.c.
RTE_LIBS := -Wl,--wrap=tb_alloc,--wrap=tb_free_pool \
	-Wl,--whole-archive -l:librte_mempool_ring.a -Wl,--no-whole-archive \
	-Wl,--start-group $(RTE:%=-l:librte_%.a) -Wl,--end-group

image_dirs := nf pktio boot/ring3 boot/eal
# Sorted by bytes: an archive's order must not depend on the locale.
sources = $(sort $(wildcard $(addsuffix /*.c,$(1) $(patsubst %/,%,$(wildcard $(addsuffix /*/,$(1)))))))
image_archives := $(addprefix $(B)/image/,nf.a pktio.a crypto.a ring3.a eal.a)
ring0_objects := $(patsubst %,$(B)/image/%.o,$(wildcard boot/ring0/*.c boot/ring0/*.S))
host_objects := $(patsubst %.c,$(B)/host/%.o,$(wildcard config/*.c images/*.c))

unit_tests := $(patsubst tests/unit/%.c,$(B)/test/%,$(wildcard tests/unit/*_test.c))
fuzzers := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: FORCE all help packages weir image-parts run test compare soak generator unit fuzzers bench format clean

FORCE:

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

packages: ## install the Debian packages that are missing (images/packages)
	@images/install-packages

all: packages ## build the command and everything that images are made of
	$(Q)$(MAKE) --no-print-directory weir image-parts

weir: $(B)/weir
image-parts: $(ring0_objects) $(image_archives) $(B)/image/flags $(B)/image/sources

run: packages ## build the example gateway, boot it and replay a capture through it
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) weir image-parts
	@images/example

test: packages ## build everything and pass all tests
	$(Q)$(MAKE) --no-print-directory V=$(if $(filter 0,$(V)),quiet,$(V)) -j$$(nproc) weir image-parts generator unit fuzzers
	@tests/run

compare: packages ## put random rule sets and packets through Weir and through Linux's nftables; SEED=4-9 chooses
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) weir image-parts
	@tests/kernel/nftables $(if $(SEED),--seed $(SEED))

soak: packages ## flood an image for SOAK seconds (300): memory flat, nothing lost, connections undisturbed
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) weir image-parts
	@tests/soak/soak
	@tests/peer/test_wireguard --long --only keys
	@tests/peer/test_wireguard_pair --long

generator: $(B)/generator ## build the bench's traffic generator
unit: $(unit_tests) ## build the unit tests
fuzzers: $(fuzzers) ## build the fuzz targets

bench: packages ## measure; BENCH=name runs one
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) weir image-parts generator
	@bench/run $(BENCH)

format: ## lay out the code as .clang-format says
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf $(B)

# The image's parts

$(B)/image/boot/ring0/%.c.o: boot/ring0/%.c $(B)/image/flags
	$(call say,CC0)
	@mkdir -p $(@D)
	$(Q)$(CC) $(RING0_FLAGS) -c $< -o $@

$(B)/image/boot/ring0/%.S.o: boot/ring0/%.S $(B)/image/flags
	$(call say,AS0)
	@mkdir -p $(@D)
	$(Q)$(CC) $(RING0_FLAGS) -c $< -o $@

$(B)/image/%.o: %.c $(B)/image/flags
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(IMAGE_FLAGS) $(lto) -frandom-seed=$< -c $< -o $@

$(B)/image/nf/%.o $(B)/image/crypto/%.o: private lto := $(LTO)

define archive # name, folder
$(B)/image/$(1).a: $(patsubst %.c,$(B)/image/%.o,$(call sources,$(2)))
	$$(call say,AR)
	$$(Q)rm -f $$@ && gcc-ar rcsD $$@ $$^
endef
$(eval $(call archive,nf,nf))
$(eval $(call archive,pktio,pktio))
$(eval $(call archive,crypto,crypto))
$(eval $(call archive,ring3,boot/ring3))
$(eval $(call archive,eal,boot/eal))

# How `weir build` compiles a generated appliance: the first line, as above but for warnings and dependencies. Written
# anew only when it is another; all parts are made again then, so that an image is what its sources say.

$(B)/image/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(filter-out -W% -MMD -MP -I%,$(IMAGE_FLAGS) $(LTO))' 'ring 0: $(CC) $(RING0_FLAGS)' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# What an image says of the Weir that it is from: one hash of all sources, the same with git and without.

$(B)/image/sources: FORCE
	@mkdir -p $(@D)
	@hash=$$(find Makefile boot config crypto images nf pktio -type f | LC_ALL=C sort | \
		grep -E '(\.[chS]|\.ld|\.awk|/link|/sbom|^Makefile)$$' | xargs sha256sum | sha256sum | cut -d ' ' -f 1); \
	[ "$$hash" = "$$(cat $@ 2>/dev/null)" ] || echo "$$hash" >$@

# The host command

$(B)/host/%.o: %.c
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_FLAGS) $(VERSION) -c $< -o $@

# `weir --version`: the commit, written anew only when it is another.

$(B)/version: FORCE
	@mkdir -p $(@D)
	@version=$$(git describe --tags --always --dirty 2>/dev/null || echo unknown); \
	[ "$$version" = "$$(cat $@ 2>/dev/null)" ] || echo "$$version" >$@

$(B)/host/images/main.o: $(B)/version
$(B)/host/images/main.o: VERSION = -DWEIR_VERSION='"$(shell cat $(B)/version 2>/dev/null || echo unknown)"'

$(B)/weir: $(host_objects)
	$(call say,LD)
	$(Q)$(CC) -o $@ $^ $(HOST_LIBS)

# The bench's traffic generator, on the real EAL. Archives, not shared libraries: what an image has, has no driver.

GENERATOR_FLAGS := $(COMMON) $(DPDK) -O3 -march=x86-64-v2 -mprfchw -D_GNU_SOURCE
GENERATOR_RTE := vhost cryptodev dmadev hash ethdev meter net mbuf mempool mempool_ring rcu ring pci telemetry kvargs eal
generator_objects := $(patsubst %.c,$(B)/generator-parts/%.o,$(wildcard bench/generator/*.c))

$(B)/generator-parts/%.o: %.c
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GENERATOR_FLAGS) -c $< -o $@

$(B)/generator: $(generator_objects)
	$(call say,LD)
	$(Q)$(CC) -o $@ $^ -Wl,--whole-archive -l:librte_mempool_ring.a -Wl,--no-whole-archive \
		-Wl,--start-group $(GENERATOR_RTE:%=-l:librte_%.a) -Wl,--end-group -lnuma -lbsd -lpcap -pthread -ldl -lm

# Tests: every module again, with sanitizers, and with what a fuzzer wants to know of its way. A test is linked with all
# modules, and takes what it calls.

$(B)/test/obj/%.o: %.c
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(TEST_FLAGS) -c $< -o $@

# libcrypto.a as in images, and whole: tests compare crypto/ with EVP.
CRYPTO_LIBS := -l:libcrypto.a -l:libIPSec_MB.a

# The fake host of tests/unit/support comes first, so that it is found before the real ones of pktio and ring3.
test_objects := $(patsubst %.c,$(B)/test/obj/%.o,$(wildcard tests/unit/support/*.c) $(call sources,nf) \
	$(call sources,pktio) $(filter-out crypto/ed25519.c,$(call sources,crypto)) $(call sources,boot/eal) \
	$(filter-out images/main.c,$(wildcard config/*.c images/*.c)) \
	$(filter-out boot/ring3/main.c boot/ring3/notes.c boot/ring3/entropy.c,$(call sources,boot/ring3)) \
	$(filter-out bench/generator/main.c bench/generator/port.c,$(wildcard bench/generator/*.c)))
# A hundred links: lld takes half of the time of GNU ld for each.
TEST_LINK := $(CLANG) -fuse-ld=lld $(SANITIZE)
TEST_LIBS := $(B)/test/weir.a $(RTE_LIBS) $(B)/test/weir.a -l:librte_acl.a $(CRYPTO_LIBS)
$(B)/test/weir.a: $(test_objects)
	$(call say,AR)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/test/%: $(B)/test/obj/tests/unit/%.o $(B)/test/weir.a
	$(call say,LD)
	$(Q)$(TEST_LINK) -o $@ $< $(TEST_LIBS) -lcmocka $(HOST_LIBS) -lm

$(B)/fuzz/%: $(B)/test/obj/tests/fuzz/%.o $(B)/test/weir.a
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(TEST_LINK) -fsanitize=fuzzer -o $@ $< $(TEST_LIBS) $(HOST_LIBS) -lm

-include $(shell find $(B) -name '*.d' 2>/dev/null)
