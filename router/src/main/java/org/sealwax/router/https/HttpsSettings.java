package org.sealwax.router.https;

import java.net.InetSocketAddress;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * {@code [https]}: the listener for MTA-STS policies.
 *
 * @param listen its address
 */
@SettingTable(
    name = "https",
    purpose =
        "HTTPS listener for the policies of [[mta_sts_host]]; without a row there, it does not listen. The same address is permitted for [tlsrpt_in], and for [acme] with tls-alpn-01.")
public record HttpsSettings(
    @Setting(
            fallback = "*:443",
            restart = true,
            doc = "Address and port. Senders connect to port 443.")
        InetSocketAddress listen) {}
