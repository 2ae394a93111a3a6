/* SPDX-License-Identifier: Apache-2.0
 *
 * Tunnels on the screen; see live_tunnels.h.
 */
#include "live_tunnels.h"

#include "command.h"

/* An empty line, a line a tunnel, a heading, a line a peer. */
int live_tunnels_lines(const struct tunnel_list *list, const struct config *config)
{
	if (config->tunnel_count == 0)
		return 0;
	return 1 + (int)config->tunnel_count + (list->count ? 1 + (int)list->count : 0);
}

/* Peers matter more than what the configuration says of many tunnels. */
static size_t tunnels_that_fit(const struct config *config, int lines)
{
	size_t most = (size_t)(config->peer_count ? lines / 3 : lines - 1);

	if (most == 0)
		most = 1;
	return config->tunnel_count < most ? config->tunnel_count : most;
}

static void draw_peers(struct screen *screen, const struct tunnel_list *list, const struct config *config,
		       int lines)
{
	size_t room = lines > 1 ? (size_t)lines - 1 : 0; /* below the heading */
	bool fold = list->count > room;
	size_t shown = fold ? room - (room > 0) : list->count;
	struct tunnel_widths widths = tunnel_widths(list, config, shown);
	char text[TUNNEL_TEXT_MAX];

	if (room == 0 || list->count == 0)
		return;
	screen_line(screen, "%s%s%s", colour(screen->out, COLOUR_DIM), tunnel_peer_head(&widths, text),
		    colour(screen->out, COLOUR_PLAIN));
	for (size_t i = 0; i < shown; i++)
		screen_line(screen, "%s", tunnel_peer_text(list, i, config, &widths, text));
	if (fold)
		screen_line(screen, "and %zu peer%s with no later handshake", list->count - shown,
			    list->count - shown == 1 ? "" : "s");
}

void live_tunnels_draw(struct screen *screen, const struct tunnel_list *list, const struct config *config,
		       int lines)
{
	size_t tunnels = tunnels_that_fit(config, lines);
	char text[TUNNEL_TEXT_MAX];

	if (config->tunnel_count == 0 || lines < SECTION_HEAD)
		return;
	screen_line(screen, "%s", "");
	for (size_t i = 0; i < tunnels; i++)
		screen_line(screen, "%sinterface%s %s", colour(screen->out, COLOUR_DIM),
			    colour(screen->out, COLOUR_PLAIN),
			    tunnel_text(config, &config->tunnels[i], text));
	draw_peers(screen, list, config, lines - 1 - (int)tunnels);
}
