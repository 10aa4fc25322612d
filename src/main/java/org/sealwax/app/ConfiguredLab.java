package org.sealwax.app;

import org.sealwax.lab.cli.LabServeCommand;
import org.sealwax.lab.serve.ServiceSettings;
import org.sealwax.mail.cli.Exit;
import org.sealwax.mail.cli.Surroundings;
import org.sealwax.router.config.PublicLab;
import org.sealwax.router.config.Settings;

/** {@code sealwax lab serve} as the table {@code [lab]} of the configuration says. */
final class ConfiguredLab {
  private ConfiguredLab() {}

  static int serve(Surroundings around, Settings settings) {
    if (settings.lab().isEmpty()) {
      around.err().println("sealwax: the configuration has no [lab]");
      around
          .err()
          .println(
              "help: docs/lab.md says what it needs; sealwax lab serve --loopback tries it"
                  + " without");
      return Exit.CONFIGURATION;
    }
    return new LabServeCommand(around)
        .run(service(settings.lab().get()), settings.server().state(), settings.identity().pair());
  }

  static ServiceSettings service(PublicLab lab) {
    return new ServiceSettings(
        lab.zone(),
        lab.nameServers(),
        lab.addresses(),
        lab.trapsV4(),
        lab.trapsV6(),
        new ServiceSettings.Ports(lab.dnsPort(), lab.smtpPort(), lab.httpsPort()),
        lab.scale(),
        lab.tokens(),
        lab.tokensEach(),
        lab.life(),
        lab.connections(),
        lab.connectionsPerMinute(),
        lab.dnsRate());
  }
}
