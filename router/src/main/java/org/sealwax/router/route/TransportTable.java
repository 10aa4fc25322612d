package org.sealwax.router.route;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Routing;

/**
 * The transport rows: an exact row before a relay domain's own next hop before the longest parent
 * before {@code *}; what no row covers goes by MX. Immutable.
 */
public final class TransportTable implements Routing {
  /** The route name of mail to an address literal that no row covers: without credentials. */
  public static final String LITERAL = "literal";

  private record TransportRow(String name, ConfiguredHop hop) {}

  private final Map<Domain, TransportRow> exact = new HashMap<>();
  private final Map<Domain, TransportRow> below = new HashMap<>();
  private final @Nullable TransportRow any;
  private final @Nullable Mailbox postmaster;

  /** From the settings' routes and relay domains. */
  public TransportTable(ForwardSettings settings) {
    TransportRow all = null;
    for (ForwardSettings.TransportRoute route : settings.routes()) {
      TransportRow row = new TransportRow(route.name(), route.hop());
      switch (route.pattern()) {
        case DomainPattern.Exact e -> exact.put(e.domain(), row);
        case DomainPattern.Below b -> below.put(b.parent(), row);
        case DomainPattern.Any a -> all = row;
      }
    }
    for (ForwardSettings.RelayDomain relay : settings.relayDomains()) {
      if (relay.nextHop() != null) {
        exact.put(relay.domain(), new TransportRow(relay.domain().name(), relay.nextHop()));
      }
    }
    any = all;
    postmaster = postmaster(settings);
  }

  /**
   * Recipient of the mail that was accepted while no postmaster was configured; null while there is
   * none, or where the address is one of our aliases: {@link NextHopDelivery} expands it then.
   */
  static @Nullable Mailbox postmaster(ForwardSettings settings) {
    Mailbox named = settings.postmaster();
    if (named != null) {
      for (ForwardSettings.AliasDomain row : settings.aliasDomains()) {
        if (row.domain().equals(named.domain())) {
          return null;
        }
      }
    }
    return named;
  }

  @Override
  public NextHop nextHopFor(DeliveryTarget target) {
    return switch (target) {
      case DeliveryTarget.Pipe command -> new NextHop.Pipe(command.pipe());
      case DeliveryTarget.Reports reports -> new NextHop.Reports();
      case DeliveryTarget.Postmaster p ->
          postmaster == null
              ? new NextHop.NoPostmaster()
              : nextHopFor(new DeliveryTarget.Remote(postmaster));
      case DeliveryTarget.Remote remote ->
          switch (remote.mailbox().domain()) {
            case Domain domain -> toward(domain);
            case AddressLiteral literal ->
                any != null && any.hop() instanceof ConfiguredHop.Host host
                    ? new NextHop.Fixed(host.host(), host.port(), any.name())
                    : new NextHop.Fixed(literal, ConfiguredHop.SMTP, LITERAL);
          };
    };
  }

  private NextHop toward(Domain domain) {
    TransportRow row = rowFor(domain);
    if (row == null) {
      return new NextHop.ByMx(domain);
    }
    return switch (row.hop()) {
      case ConfiguredHop.Host host -> new NextHop.Fixed(host.host(), host.port(), row.name());
      case ConfiguredHop.Pipe command -> new NextHop.Pipe(command.pipe());
      case ConfiguredHop.Mx mx -> new NextHop.ByMx(domain);
    };
  }

  private @Nullable TransportRow rowFor(Domain domain) {
    TransportRow row = exact.get(domain);
    if (row != null || below.isEmpty()) {
      return row == null ? any : row;
    }
    Optional<Domain> parent = domain.parent();
    while (row == null && parent.isPresent()) {
      row = below.get(parent.get());
      parent = parent.get().parent();
    }
    return row == null ? any : row;
  }
}
