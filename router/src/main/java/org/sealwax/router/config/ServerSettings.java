package org.sealwax.router.config;

import java.nio.file.Path;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * {@code [server]}.
 *
 * @param hostname our name
 * @param state the state folder
 * @param postmaster when given
 */
@SettingTable(name = "server", purpose = "Name, state folder and postmaster of this server.")
public record ServerSettings(
    @Setting(
            example = "mx.project.example",
            restart = true,
            doc =
                "Name of this server in greeting, EHLO and Received. Default: the machine's fully qualified name.")
        Domain hostname,
    @Setting(
            example = "/var/lib/sealwax",
            restart = true,
            created = true,
            doc =
                "Folder of the spool, self-signed certificates and control socket. Default: /var/lib/sealwax for root, StateDirectory for a systemd service, else sealwax under $XDG_STATE_HOME or ~/.local/state.")
        Path state,
    @Setting(
            example = "admin@example.net",
            doc =
                "Recipient of mail for postmaster, double bounces and the daily summary. Default: such mail is held in the queue.")
        Optional<Mailbox> postmaster) {
  /** Refuses a folder whose databases would be opened at another path. */
  public ServerSettings {
    InvalidSetting.because(
            "the path of the state folder must not contain a question mark: " + state)
        .of("state")
        .help("name a folder without one: the databases would be opened at another path")
        .throwIf(state.toString().indexOf('?') >= 0);
  }
}
