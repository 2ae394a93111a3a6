/* SPDX-License-Identifier: Apache-2.0
 *
 * Why packets end. Each packet that arrives ends under exactly one name: forwarded, consumed, or one of these
 * drop reasons. The list is shared with the host command, which prints the names and meanings.
 *
 * X(identifier, "name as printed", "meaning, for a person")
 */
#ifndef NF_REASONS_H
#define NF_REASONS_H

#define DROP_REASONS(X) \
	X(RUNT, "runt", "shorter than its Ethernet header, the VLAN tag included") \
	X(NOT_FOR_US, "not-for-us", "unicast to another station's MAC address") \
	X(VLAN_UNKNOWN, "vlan-unknown", "802.1Q tag that no port has, or stacked tags") \
	X(ETHERTYPE_UNKNOWN, "ethertype-unknown", "neither IPv4, IPv6 nor ARP") \
	X(ARP_BAD, "arp-bad", "malformed or implausible ARP (RFC 826)") \
	X(ND_BAD, "nd-bad", "malformed neighbour discovery (RFC 4861, section 7.1)") \
	X(IP_TRUNCATED, "ip-truncated", "frame shorter than its IP header or IP length says") \
	X(IP_VERSION, "ip-version", "version field does not match the EtherType") \
	X(IP_HEADER, "ip-header", "IP header length or total length is absurd") \
	X(IP_CHECKSUM, "ip-checksum", "IPv4 header checksum is wrong") \
	X(IP_OPTIONS, "ip-options", "malformed IPv4 options, or source routing (RFC 7126)") \
	X(IP_SOURCE, "ip-source", \
	  "source address that is not forwarded: a martian or our own (RFC 1812, section 5.3.7)") \
	X(IP_DESTINATION, "ip-destination", "destination address that is never forwarded") \
	X(IPV6_EXTENSION, "ipv6-extension", "extension header chain malformed or too long") \
	X(FRAGMENT_BAD, "fragment-bad", "tiny, overlong or otherwise impossible fragment (RFC 1858, 8200)") \
	X(FRAGMENT_OVERLAP, "fragment-overlap", "overlaps another fragment of its datagram (RFC 5722)") \
	X(FRAGMENT_TIMEOUT, "fragment-timeout", "waited in vain for other fragments of its datagram") \
	X(FRAGMENT_TABLE_FULL, "fragment-table-full", \
	  "too many unfinished datagrams, or fragments that wait") \
	X(L4_TRUNCATED, "l4-truncated", "transport header is cut off") \
	X(L4_CHECKSUM, "l4-checksum", \
	  "transport checksum of a flow's first packet, or of an ICMP error, is wrong") \
	X(LAND, "land", "source and destination are the same (LAND attack)") \
	X(TCP_FLAGS, "tcp-flags", "combination of TCP flags that nobody sends (RFC 9293, section 3.10)") \
	X(TCP_STATE, "tcp-state", "TCP segment that its connection's state, or the lack of one, rules out") \
	X(TCP_WINDOW, "tcp-window", "TCP segment outside its connection's window") \
	X(SCTP_STATE, "sctp-state", "SCTP packet without an association that does not begin one") \
	X(ICMP_UNRELATED, "icmp-unrelated", "ICMP error or reply that belongs to no flow, or misquotes it") \
	X(FLOW_TABLE_FULL, "flow-table-full", "no room for another flow") \
	X(NAT_EXHAUSTED, "nat-exhausted", "no free port to translate another flow to") \
	X(NAT_UNTRANSLATABLE, "nat-untranslatable", \
	  "its protocol can't be translated, or only to what another flow is already") \
	X(NAT_UNMAPPED, "nat-unmapped", "to an address of NAT's, and nothing is mapped to it") \
	X(TTL_EXCEEDED, "ttl-exceeded", "TTL or hop limit used up") \
	X(NO_ROUTE, "no-route", "no route to the destination") \
	X(ROUTE_REJECT, "route-reject", "route says unreachable or blackhole") \
	X(LINK_LOCAL, "link-local", "link-local or multicast, which is not forwarded") \
	X(TOO_BIG, "too-big", "larger than the way out's MTU and not to be fragmented") \
	X(FRAGMENTATION_FAILED, "fragmentation-failed", "could not be fragmented: no buffers") \
	X(FIREWALL_DROP, "firewall-drop", "a rule, or the default, says drop") \
	X(FIREWALL_REJECT, "firewall-reject", "a rule, or the default, says reject") \
	X(RATE_LIMIT, "rate-limit", "more than a rule's rate limit allows") \
	X(CONNECTION_LIMIT, "connection-limit", "more connections from one source than a rule allows") \
	X(NEIGHBOUR_QUEUE_FULL, "neighbour-queue-full", "too many packets wait for the same next hop") \
	X(NEIGHBOUR_UNRESOLVED, "neighbour-unresolved", \
	  "next hop did not answer ARP or neighbour discovery") \
	X(NEIGHBOUR_TABLE_FULL, "neighbour-table-full", "no room to learn another next hop") \
	X(LOCAL_UNWANTED, "local-unwanted", "to the appliance itself: no such service, or a fragment") \
	X(LOCAL_CHECKSUM, "local-checksum", "to the appliance itself, transport checksum wrong") \
	X(TX_FULL, "tx-full", "the way out took no more packets") \
	X(LINK_DOWN, "link-down", "the way out has no link") \
	X(NO_BUFFER, "no-buffer", "the packet pool was empty") \
	X(WG_LENGTH, "wg-length", "WireGuard: message not as long as one of its type is") \
	X(WG_TYPE, "wg-type", "WireGuard: no such type of message") \
	X(WG_MAC, "wg-mac", "WireGuard: handshake by someone who does not know our public key (mac1)") \
	X(WG_COOKIE_ASKED, "wg-cookie-asked", \
	  "WireGuard: under load, a handshake without a valid cookie (mac2)") \
	X(WG_RATE, "wg-rate", "WireGuard: under load, more handshakes from one source than 20 a second") \
	X(WG_QUEUE_FULL, "wg-queue-full", "WireGuard: too many handshakes wait") \
	X(WG_HANDSHAKE, "wg-handshake", "WireGuard: handshake that is forged or made for other keys") \
	X(WG_STRANGER, "wg-stranger", "WireGuard: handshake by a public key that no peer has") \
	X(WG_STALE, "wg-stale", \
	  "WireGuard: initiation with a timestamp not above the last one, or too soon after it") \
	X(WG_COOKIE, "wg-cookie", "WireGuard: cookie that is forged or was not asked for") \
	X(WG_UNKNOWN_SESSION, "wg-unknown-session", "WireGuard: index that no session or handshake has") \
	X(WG_EXPIRED, "wg-expired", "WireGuard: session too old to be received with") \
	X(WG_FORGED, "wg-forged", "WireGuard: packet that does not authenticate") \
	X(WG_REPLAY, "wg-replay", "WireGuard: packet whose counter was seen before, or is too old to tell") \
	X(WG_INNER, "wg-inner", "WireGuard: what a packet has inside is no IP packet, or longer than it") \
	X(WG_ALLOWED_IPS, "wg-allowed-ips", "WireGuard: inner source that is not the peer's") \
	X(WG_ECN, "wg-ecn", "WireGuard: congestion that the ends inside can't hear of (RFC 6040, figure 4)") \
	X(WG_NO_PEER, "wg-no-peer", "WireGuard: to be sent to an address that no peer has") \
	X(WG_NO_ENDPOINT, "wg-no-endpoint", "WireGuard: to be sent to a peer whose endpoint is not known") \
	X(WG_NO_SESSION, "wg-no-session", "WireGuard: too many packets wait for a handshake, or it failed")

enum drop_reason {
#define X(identifier, name, meaning) DROP_##identifier,
	DROP_REASONS(X)
#undef X
	    DROP_REASON_COUNT
};

#endif
