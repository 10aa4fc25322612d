package org.sealwax.router.metrics;

import java.net.InetSocketAddress;
import java.util.Optional;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * {@code [metrics]}.
 *
 * @param address where they are served; empty: nowhere
 */
@SettingTable(name = "metrics", purpose = "Metrics and health.")
public record MetricsSettings(
    @Setting(
            example = "127.0.0.1:9125",
            restart = true,
            doc = "Address and port of /metrics (Prometheus), /health and /ready. Default: none.")
        Optional<InetSocketAddress> address) {}
