package org.sealwax.mail.policy;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.verdict.TlsaAssociations;

/**
 * The facts known before connecting, one case per source; each may raise or refuse, never lower.
 * (The two listed exceptions, an override row and {@code TLS-Required: No}, are in {@link Policy}.)
 */
public sealed interface Evidence {
  /** How the text of a policy entry begins. */
  String ENTRY = "policy entry ";

  /** How the text of a configured route begins. */
  String ROUTE = "route ";

  /**
   * {@return whether the admin configured this evidence for the destination}
   *
   * @param origin the text of {@link #origin}
   */
  static boolean isConfigured(String origin) {
    return origin.startsWith(ENTRY) || origin.startsWith(ROUTE);
  }

  /** {@return where it comes from, for {@link Requirement#because}} */
  String origin();

  /**
   * The default where the admin wrote no row about the next hop.
   *
   * @param level the level
   */
  record Default(TlsLevel level) implements Evidence {
    /** The default has neither pins nor names, so it ends at encrypt. */
    public Default {
      if (level == TlsLevel.FINGERPRINT) {
        throw new IllegalArgumentException("the default level cannot be fingerprint");
      }
    }

    @Override
    public String origin() {
      return "default " + level.word();
    }
  }

  /**
   * What a configured route (smart host, relay domain's next hop) demands of its host.
   *
   * @param name of the route
   * @param row the demand; the pattern plays no part
   * @param implied not written in the configuration: it follows from credentials or implicit TLS,
   *     and yields to a row for the next hop that itself names the server's identity
   */
  record Route(String name, PolicyRow row, boolean implied) implements Evidence {
    @Override
    public String origin() {
      return ROUTE + name + " " + row.level().word();
    }
  }

  /**
   * A row that covers the domain of the recipients, where a configured route leads elsewhere:
   * raises only.
   *
   * @param row the row of the configuration
   */
  record RecipientRow(PolicyRow row) implements Evidence {
    @Override
    public String origin() {
      return ENTRY + "for the recipient domain: " + row.level().word();
    }
  }

  /**
   * A row that covers the next hop.
   *
   * @param row the row of the configuration
   */
  record NextHopRow(PolicyRow row) implements Evidence {
    @Override
    public String origin() {
      return ENTRY + "for the next hop: " + row.level().word();
    }
  }

  /**
   * A row that covers the MX host: raises only, because any domain may point an MX record there.
   *
   * @param row the row of the configuration
   */
  record HostRow(PolicyRow row) implements Evidence {
    @Override
    public String origin() {
      return ENTRY + "for the host: " + row.level().word();
    }
  }

  /**
   * The DANE state of one host (RFC 7672 2.2).
   *
   * @param base the TLSA base domain: the name to send as SNI (RFC 7672 2.2.2, 8.1)
   * @param state what was found
   * @param secureMx whether the step from next hop to host was validated too; without it the host
   *     is identified, and the next hop is not ("half DANE", RFC 7672 2.2.1)
   * @param expires when the records' time to live ends
   */
  record Dane(Domain base, DaneState state, boolean secureMx, Instant expires) implements Evidence {
    @Override
    public String origin() {
      return switch (state) {
        case DaneState.Usable u ->
            "dane: TLSA records at "
                + base
                + " ("
                + u.associations().records().size()
                + " usable)"
                + (secureMx ? "" : " (MX not signed)");
        case DaneState.Unusable u -> "dane: no usable TLSA records at " + base + ": " + u.why();
        case DaneState.LookupFailed t -> "dane: " + t.why();
        case DaneState.Absent a -> "dane: none (" + a.why() + ")";
      };
    }
  }

  /** The result of the TLSA query. */
  sealed interface DaneState {
    /**
     * At least one usable record.
     *
     * @param associations the usable records
     */
    record Usable(TlsaAssociations associations) implements DaneState {}

    /**
     * Records, securely, and all of them unusable: TLS always, no identity (RFC 7672 2.2).
     *
     * @param why the reason in words, for logs
     */
    record Unusable(String why) implements DaneState {}

    /**
     * Bogus, timeout or SERVFAIL where security was to be expected: not this host, not now.
     *
     * @param why the reason in words, for logs
     */
    record LookupFailed(String why) implements DaneState {}

    /**
     * Securely denied, or unsigned: DANE does not apply.
     *
     * @param why the reason in words, for logs
     */
    record Absent(String why) implements DaneState {}
  }

  /**
   * The MTA-STS state of the domain (RFC 8461).
   *
   * @param domain the policy domain
   * @param state what is known of its policy
   * @param expires when it must be looked up again, or null
   */
  record Sts(Domain domain, StsState state, @Nullable Instant expires) implements Evidence {
    @Override
    public String origin() {
      return switch (state) {
        case StsState.Enforce e -> "sts: enforce, id " + e.id();
        case StsState.Testing t -> "sts: testing, id " + t.id();
        case StsState.Pending p ->
            "sts: " + p.why() + ", waits until " + p.until().truncatedTo(ChronoUnit.SECONDS);
        case StsState.Absent a -> "sts: none (" + a.why() + ")";
      };
    }
  }

  /** What is known of an MTA-STS policy. */
  sealed interface StsState {
    /**
     * A policy in {@code enforce}: its MX hosts, with certificates by public roots.
     *
     * @param id the id
     * @param mx the MX patterns of the policy
     */
    record Enforce(String id, List<MxPattern> mx) implements StsState {
      /** Copies. */
      public Enforce {
        mx = List.copyOf(mx);
      }
    }

    /**
     * A policy in {@code testing}: as if there were none, and reported (RFC 8461 5).
     *
     * @param id the id
     * @param mx the MX patterns of the policy
     */
    record Testing(String id, List<MxPattern> mx) implements StsState {
      /** Copies. */
      public Testing {
        mx = List.copyOf(mx);
      }
    }

    /**
     * First contact, and what the domain announces could not be fetched: mail waits.
     *
     * @param why the reason in words, for logs
     * @param until when the wait ends
     */
    record Pending(String why, Instant until) implements StsState {}

    /**
     * No policy, mode {@code none}, or one that could not be fetched in time.
     *
     * @param why the reason in words, for logs
     * @param invalid whether the domain announces a policy and serves an invalid one, which is
     *     reported to its owner (RFC 8460 section 4.3.2.2)
     */
    record Absent(String why, boolean invalid) implements StsState {
      /**
       * Not because of what is served.
       *
       * @param why the reason in words, for logs
       */
      public Absent(String why) {
        this(why, false);
      }
    }
  }

  /**
   * The level that the domain has shown before, from the ledger.
   *
   * @param level ENCRYPT or VERIFY
   * @param known recorded hosts and their organisations; {@link MxFilter.Any} at ENCRYPT
   * @param since when the level was reached
   * @param expires when it expires unless it is seen again
   */
  record LedgerLevel(TlsLevel level, MxFilter known, Instant since, Instant expires)
      implements Evidence {
    /** Checks the level. */
    public LedgerLevel {
      if (level != TlsLevel.ENCRYPT && level != TlsLevel.VERIFY) {
        throw new IllegalArgumentException("a ledger level is encrypt or verify");
      }
    }

    @Override
    public String origin() {
      return "ledger: " + level.word() + " since " + since.truncatedTo(ChronoUnit.SECONDS);
    }
  }

  /** The message came with REQUIRETLS (RFC 8689 2). */
  record RequireTls() implements Evidence {
    @Override
    public String origin() {
      return "message: REQUIRETLS";
    }
  }

  /** The message came with {@code TLS-Required: No} (RFC 8689 3), and it is honoured. */
  record TlsRequiredNo() implements Evidence {
    @Override
    public String origin() {
      return "message: TLS-Required: No";
    }
  }
}
