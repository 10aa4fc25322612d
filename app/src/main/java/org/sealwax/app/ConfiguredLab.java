package org.sealwax.app;

import org.sealwax.lab.cli.LabServeCommand;
import org.sealwax.lab.serve.LabServiceSettings;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.router.config.PublicLab;
import org.sealwax.router.config.RouterSettings;

/** {@code sealwax lab serve} as the table {@code [lab]} of the configuration specifies. */
final class ConfiguredLab {
  private ConfiguredLab() {}

  static int serve(ProcessEnvironment around, RouterSettings settings) throws CommandFailed {
    if (settings.lab().isEmpty()) {
      throw new CommandFailed(ExitStatus.CONFIGURATION, "the configuration has no [lab]")
          .withHelp(
              "docs/lab.md lists what it needs; sealwax lab serve --loopback tries it without");
    }
    return new LabServeCommand(around)
        .run(service(settings.lab().get()), settings.server().state(), settings.identity().pair());
  }

  static LabServiceSettings service(PublicLab lab) {
    return new LabServiceSettings(
        lab.zone().name(),
        lab.nameServerNames(),
        lab.addresses(),
        lab.trapsV4(),
        lab.trapsV6(),
        new LabServiceSettings.LabPorts(lab.dnsPort(), lab.smtpPort(), lab.httpsPort()),
        lab.scale(),
        lab.tokens(),
        lab.tokensEach(),
        lab.life(),
        lab.connections(),
        lab.connectionsPerMinute(),
        lab.dnsRate());
  }
}
