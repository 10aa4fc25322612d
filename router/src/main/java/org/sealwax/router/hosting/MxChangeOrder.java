package org.sealwax.router.hosting;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.sts.StsPolicy;

/**
 * What is to be done for a domain now, and in which order. A new MX host: the policy file lists it,
 * the TXT record gets the new id, the time to live of that record and {@link HostedState#MARGIN}
 * pass, the MX record is added. A removal: the MX record goes, its time to live and {@link
 * HostedState#MARGIN} pass, the policy file drops the host, the TXT record gets the new id (RFC
 * 8461 8.1, 8.3).
 *
 * @param steps in their order
 */
public record MxChangeOrder(List<ChangeStep> steps) {
  /** Copies. */
  public MxChangeOrder {
    steps = List.copyOf(steps);
  }

  /** How far a step is. */
  public enum StepState {
    /** Done by this server. */
    DONE,
    /** For the admin, now. */
    NOW,
    /** For the admin, after a wait. */
    WAIT,
    /** Senders may fail to deliver. */
    WARNING
  }

  /**
   * One step.
   *
   * @param host that it is about; empty: the policy as a whole
   * @param state how far it is
   * @param text in words, without a full stop
   */
  public record ChangeStep(Optional<Domain> host, StepState state, String text) {}

  /**
   * {@return the steps of a domain; only warnings and steps that are not done matter to a check}
   */
  public static MxChangeOrder of(HostedState state, Instant now) {
    List<ChangeStep> steps = new ArrayList<>();
    Optional<ServedPolicy> policy = state.policy();
    if (policy.isEmpty()) {
      state
          .problems()
          .forEach(why -> steps.add(new ChangeStep(Optional.empty(), StepState.WARNING, why)));
      return new MxChangeOrder(steps);
    }
    if (state.mode() == StsPolicy.Mode.NONE) {
      return new MxChangeOrder(List.of(removal(state, policy.get(), now)));
    }
    state
        .problems()
        .forEach(why -> steps.add(new ChangeStep(Optional.empty(), StepState.WARNING, why)));
    for (Map.Entry<Domain, ListedHost> each : state.hosts().entrySet()) {
      host(steps, state, each.getKey(), each.getValue(), now);
    }
    if (!state.isAnnounced() && steps.stream().noneMatch(s -> s.text().startsWith("publish"))) {
      steps.add(new ChangeStep(Optional.empty(), StepState.NOW, publish(state)));
    }
    return new MxChangeOrder(steps);
  }

  /** {@return whether a sender may fail to deliver} */
  public boolean hasWarning() {
    return steps.stream().anyMatch(step -> step.state() == StepState.WARNING);
  }

  private static String publish(HostedState state) {
    return "publish the TXT record _mta-sts."
        + state.domain()
        + " \""
        + state.record().orElse("")
        + "\""
        + state.published().map(id -> " (its id is " + id + " now)").orElse("");
  }

  private static void host(
      List<ChangeStep> steps, HostedState state, Domain host, ListedHost entry, Instant now) {
    Optional<Domain> about = Optional.of(host);
    if (entry.listed().isEmpty()) {
      steps.add(
          new ChangeStep(
              about,
              StepState.WARNING,
              host
                  + " is an MX host that the policy does not list, because the MX records are not"
                  + " signed: add it to new_mx in [[mta_sts_host]], or it is listed at "
                  + text(entry.seen().plus(HostedState.MARGIN))));
      return;
    }
    if (entry.released().isPresent()) {
      steps.add(
          new ChangeStep(
              about,
              StepState.WAIT,
              host
                  + " is not an MX host any more: the policy lists it until "
                  + text(entry.released().get())
                  + ", then its id changes; the host must answer until then"));
      return;
    }
    if (entry.isSafe(now)) {
      if (!entry.published()) {
        steps.add(
            new ChangeStep(
                about,
                StepState.NOW,
                "add the MX record of " + host + ": senders have its listing"));
      }
      return;
    }
    Instant listed = entry.listed().get();
    String until =
        entry
            .safe()
            .map(at -> "until " + text(at))
            .orElse("until 24 hours and the time to live of the TXT record after its new id");
    if (entry.published()) {
      steps.add(
          new ChangeStep(
              about,
              StepState.WARNING,
              host
                  + " is an MX host that the policy lists only since "
                  + text(listed)
                  + ": senders may have a policy without it "
                  + until));
      announce(steps, state, entry, about);
      return;
    }
    steps.add(
        new ChangeStep(
            about, StepState.DONE, "the policy lists " + host + " since " + text(listed)));
    announce(steps, state, entry, about);
    steps.add(new ChangeStep(about, StepState.WAIT, "wait " + until));
    steps.add(new ChangeStep(about, StepState.WAIT, "then add the MX record of " + host));
  }

  private static void announce(
      List<ChangeStep> steps, HostedState state, ListedHost entry, Optional<Domain> about) {
    if (entry.safe().isEmpty()) {
      steps.add(new ChangeStep(about, StepState.NOW, publish(state)));
    }
  }

  private static ChangeStep removal(HostedState state, ServedPolicy policy, Instant now) {
    if (policy.announced().isEmpty()) {
      return new ChangeStep(Optional.empty(), StepState.NOW, publish(state));
    }
    Instant end = state.removable().orElse(now);
    return now.isBefore(end)
        ? new ChangeStep(
            Optional.empty(),
            StepState.WAIT,
            "keep the mode none until " + text(end) + ": senders may have an earlier policy")
        : new ChangeStep(
            Optional.empty(),
            StepState.NOW,
            "remove the TXT record _mta-sts."
                + state.domain()
                + ", then the domain from [[mta_sts_host]]");
  }

  private static String text(Instant time) {
    Instant whole = time.truncatedTo(ChronoUnit.SECONDS);
    return (whole.isBefore(time) ? whole.plusSeconds(1) : whole).toString();
  }
}
