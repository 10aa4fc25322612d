package org.sealwax.router.config;

import java.nio.file.Path;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * {@code [server]}.
 *
 * @param hostname our name
 * @param state the state folder
 * @param postmaster when given
 */
@SettingTable(name = "server", purpose = "What this server is.")
public record ServerSettings(
    @Setting(
            example = "mx.project.example",
            restart = true,
            doc =
                "The name of this server in greeting, EHLO and Received. Left out: the"
                    + " machine's own fully qualified name.")
        Domain hostname,
    @Setting(
            example = "/var/lib/sealwax",
            restart = true,
            created = true,
            doc =
                "The folder of spool, certificates made here and control socket. Left out:"
                    + " /var/lib/sealwax for root and for a systemd service its"
                    + " StateDirectory, else sealwax under $XDG_STATE_HOME or ~/.local/state.")
        Path state,
    @Setting(
            example = "admin@example.net",
            doc =
                "Where mail for postmaster goes, and double bounces and the daily summary. Left"
                    + " out: such mail is held in the queue.")
        Optional<Mailbox> postmaster) {}
