package org.sealwax.router.dmarc;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * How mail from untrusted clients is judged.
 *
 * @param dmarc what the results lead to
 * @param authservId our name in Authentication-Results; the host name when empty
 * @param trustedRelays hosts that pass on mail of others for us: their address shows nothing about
 *     the sender
 * @param cutThrough whether a client waits for the delivery of its message to the one target of an
 *     alias, and gets the target's refusal
 * @param timeLimit how long the checks of one message may take once it has come in
 */
@SettingTable(
    name = "inbound",
    purpose =
        "Mail from untrusted clients: checks by SPF, DKIM, DMARC, and cut-through forwarding.")
public record InboundSettings(
    @Setting(
            fallback = "report",
            doc =
                "report: write the results of SPF, DKIM and DMARC into Authentication-Results and the log; enforce: also reject mail that fails DMARC under a policy of reject, unless a list or forwarder may have sent it; off: no checks.")
        Mode dmarc,
    @Setting(
            example = "mx.example.org",
            doc =
                "Name of this server in Authentication-Results (RFC 8601). Default: the hostname.")
        Optional<Domain> authservId,
    @Setting(
            example = {"192.0.2.25/32"},
            doc =
                "Backup MX hosts and forwarders of this site: SPF does not check their addresses, and their mail is not rejected.")
        List<Cidr> trustedRelays,
    @Setting(
            fallback = "true",
            doc =
                "Deliver mail for an alias with one target on another server while the client waits: the client gets the refusal of the target, and no bounce is sent. Deferred mail, and mail that takes longer than 60 seconds, goes into the queue.")
        boolean cutThrough,
    @Setting(
            fallback = "10s",
            least = "1s",
            most = "1m",
            doc =
                "Time limit of the checks of one message; the result of a check that takes longer is temperror.")
        Duration timeLimit) {
  /** What the results of the checks lead to. */
  public enum Mode {
    /** They are written down. */
    REPORT,
    /** Mail that fails DMARC may also be refused. */
    ENFORCE,
    /** There are no checks. */
    OFF
  }

  /** Copies. */
  public InboundSettings {
    trustedRelays = List.copyOf(trustedRelays);
  }

  /** The name in Authentication-Results. */
  public Domain authservId(Domain host) {
    return authservId.orElse(host);
  }

  /** Whether the address of this client shows nothing about the sender. */
  boolean isTrustedRelay(InetAddress client) {
    return trustedRelays.stream().anyMatch(network -> network.contains(client));
  }
}
