package org.sealwax.router.wiring;

import java.io.IOException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.router.certs.StatusItem;
import org.sealwax.router.certs.StatusTopic;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.hosting.HostedDomainRow;
import org.sealwax.router.hosting.HostedState;
import org.sealwax.router.hosting.HostedStateFile;
import org.sealwax.router.hosting.HostingFacts.ModeSetting;
import org.sealwax.router.hosting.MxChangeOrder;
import org.sealwax.router.hosting.MxChangeOrder.StepState;
import org.sealwax.router.hosting.PromotionConditions;
import org.sealwax.router.hosting.PromotionEvidence;

/**
 * The policies that this server offers, as they are stored; no server needs to run.
 *
 * @param settings those in force
 * @param time the clock of this process
 */
public record HostedStatus(RouterSettings settings, SteadyClock time) implements StatusItem.Source {
  @Override
  public List<StatusItem> items() {
    List<StatusItem> items = new ArrayList<>();
    for (HostedDomainRow row : settings.hostedDomains()) {
      for (Domain domain : row.domains()) {
        items.add(item(row, domain));
      }
    }
    return items;
  }

  private Optional<HostedState> state(Domain domain) throws IOException {
    return HostedStateFile.read(settings.server().state(), domain);
  }

  private StatusItem item(HostedDomainRow row, Domain domain) {
    Optional<HostedState> stored;
    try {
      stored = state(domain);
    } catch (IOException e) {
      return StatusItem.of(domain, StatusTopic.MTA_STS, FailureText.of(e))
          .with("mode", "unknown")
          .needs("restore or delete this file");
    }
    if (stored.isEmpty()) {
      return StatusItem.of(domain, StatusTopic.MTA_STS, "the MX records were not looked up yet")
          .with("mode", "unknown");
    }
    HostedState state = stored.get();
    MxChangeOrder order = MxChangeOrder.of(state, time.now());
    List<String> due =
        order.steps().stream()
            .filter(s -> s.state() == StepState.NOW || s.state() == StepState.WARNING)
            .map(MxChangeOrder.ChangeStep::text)
            .toList();
    if (state.policy().isEmpty()) {
      return none(state);
    }
    StatusItem item = served(row, state);
    return due.isEmpty() ? item : item.needs(String.join("; ", due));
  }

  private static StatusItem none(HostedState state) {
    return StatusItem.of(
            state.domain(),
            StatusTopic.MTA_STS,
            "no policy is served: " + String.join("; ", state.problems()))
        .with("mode", "none")
        .needs("correct that, or remove the domain from [[mta_sts_host]]");
  }

  private StatusItem served(HostedDomainRow row, HostedState state) {
    String id = state.policy().orElseThrow().id();
    PromotionEvidence reports = reports(state);
    boolean testing = row.mode() == ModeSetting.AUTO && state.mode() == StsPolicy.Mode.TESTING;
    List<String> missing =
        testing ? PromotionConditions.missing(state, reports, time.now()) : List.of();
    StatusItem item =
        StatusItem.of(
                state.domain(),
                StatusTopic.MTA_STS,
                "serves mode "
                    + state.mode().word()
                    + " since "
                    + state.modeSince().truncatedTo(ChronoUnit.SECONDS)
                    + ", id "
                    + id
                    + (state.isAnnounced() ? "" : " (not published)")
                    + (missing.isEmpty()
                        ? ""
                        : "; missing for mode enforce: " + String.join(", ", missing)))
            .with("mode", state.mode().word())
            .with("id", id)
            .with("published", state.isAnnounced())
            .with("hosts", (long) state.listed().size());
    return testing
        ? item.with("clean_days", (long) reports.cleanDays())
            .with("reporters", (long) reports.reporters())
            .with("sessions", reports.sessions())
            .with("missing", String.join("; ", missing))
        : item;
  }

  private PromotionEvidence reports(HostedState state) {
    LocalDate today = LocalDate.ofInstant(time.civilTime(), ZoneOffset.UTC);
    return MtaStsHosting.evidence(
        settings.server().state(), state.domain(), state.modeDay().plusDays(1), today);
  }

  /** {@return whether the policy of a domain is served here} */
  static boolean isHosted(RouterSettings settings, Domain domain) {
    return settings.hostedDomains().stream().anyMatch(row -> row.domains().contains(domain));
  }
}
