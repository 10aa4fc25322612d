package org.sealwax.router.receive;

import java.util.List;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * {@code [trust]}.
 *
 * @param networks networks of clients that may relay
 * @param honourTlsRequiredNo clients whose {@code TLS-Required: No} counts
 */
@SettingTable(name = "trust", purpose = "Clients that may relay, and senders that may relax TLS.")
public record TrustSettings(
    @Setting(
            fallback = {"127.0.0.0/8", "::1/128"},
            doc = "Networks whose hosts may relay mail to any domain through this server.")
        List<Cidr> networks,
    @Setting(
            fallback = "trusted",
            doc =
                "Clients whose \"TLS-Required: No\" (RFC 8689) exempts a message from DANE, MTA-STS and ledger. trusted: clients that may relay; all: also other clients, for forwarded mail.")
        TlsRequiredNoFrom honourTlsRequiredNo) {
  /** Clients whose {@code TLS-Required: No} counts. */
  public enum TlsRequiredNoFrom {
    TRUSTED,
    ALL
  }

  /** Copies, and refuses to be an open relay. */
  public TrustSettings {
    networks = List.copyOf(networks);
    InvalidSetting.because("a network of all addresses would make this an open relay")
        .of("networks")
        .help("name the hosts that send through this server")
        .throwIf(networks.stream().anyMatch(n -> n.prefix() == 0));
  }
}
