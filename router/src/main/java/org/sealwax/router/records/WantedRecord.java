package org.sealwax.router.records;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.sealwax.mail.dns.update.ZoneRecord.RecordType;

/**
 * A record that should be published.
 *
 * @param purpose what it is for
 * @param owner its name
 * @param type its type
 * @param records as they are to be published where there is nothing; empty when they are not known
 * @param requirement what counts as published
 * @param note a sentence for the admin; empty: none
 */
public record WantedRecord(
    Purpose purpose,
    Domain owner,
    RecordType type,
    List<ZoneRecord> records,
    Requirement requirement,
    String note) {
  /** What a record is for. */
  public enum Purpose {
    /** Where mail of a domain goes. */
    MX,
    /** Address of the host. */
    ADDRESS,
    /** Name of an address. */
    PTR,
    /** Who may send mail of a domain. */
    SPF,
    /** Key of signatures. */
    DKIM,
    /** Policy for mail of a domain that passes neither. */
    DMARC,
    /** Key in force of the server. */
    TLSA,
    /** Next key of the server. */
    TLSA_NEXT,
    /** Announcement of an MTA-STS policy. */
    MTA_STS,
    /** Host of the policy. */
    MTA_STS_HOST,
    /** Where TLS reports go. */
    TLSRPT,
    /** Who may issue certificates. */
    CAA;

    /** {@return the word that output has: {@code mta-sts-host}} */
    public String word() {
      return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
  }

  /** What counts as published. */
  public sealed interface Requirement {
    /** All of the records, and possibly others. */
    record AllRecords() implements Requirement {}

    /**
     * A name of an address.
     *
     * @param address the address
     */
    record AddressName(InetAddress address) implements Requirement {}

    /**
     * An MX record of a host that is this server.
     *
     * @param hosts the names of this server
     * @param notYet why no MX record may be added now; empty: it may
     */
    record OwnMailHost(Set<Domain> hosts, Optional<String> notYet) implements Requirement {
      /** Copies. */
      public OwnMailHost {
        hosts = Set.copyOf(hosts);
      }
    }

    /**
     * An SPF record by which all addresses pass.
     *
     * @param sources our addresses
     * @param smartHost the host that sends our mail instead, whose addresses are not known
     */
    record PermittedSources(List<InetAddress> sources, Optional<String> smartHost)
        implements Requirement {
      /** Copies. */
      public PermittedSources {
        sources = List.copyOf(sources);
      }
    }

    /**
     * The public half of a key.
     *
     * @param key that signs, or will
     */
    record SigningKey(DkimSigningKey key) implements Requirement {}

    /**
     * A DMARC policy that applies to a domain.
     *
     * @param domain in From
     */
    record AuthorPolicy(Domain domain) implements Requirement {}

    /**
     * A TLSA record that a certificate matches.
     *
     * @param forms every record that it matches
     */
    record ServerKey(List<ZoneRecord> forms) implements Requirement {
      /** Copies. */
      public ServerKey {
        forms = List.copyOf(forms);
      }
    }

    /**
     * The announcement of the policy that this server offers.
     *
     * @param id of the policy
     */
    record PolicyId(String id) implements Requirement {}

    /** A record that asks for TLS reports, wherever they go. */
    record ReportAddress() implements Requirement {}

    /**
     * A record that permits an authority.
     *
     * @param issuer its domain in CAA records
     */
    record PermittedIssuer(String issuer) implements Requirement {}

    /**
     * Nothing can be compared.
     *
     * @param why in words
     */
    record NotKnown(String why) implements Requirement {}
  }

  /** Copies. */
  public WantedRecord {
    records = List.copyOf(records);
  }

  /** A record of which one form is wanted. */
  static WantedRecord of(Purpose purpose, ZoneRecord record, Requirement requirement) {
    return new WantedRecord(
        purpose, record.owner(), record.type(), List.of(record), requirement, "");
  }

  /** A record that is needed and whose content is not known. */
  static WantedRecord unknown(Purpose purpose, Domain owner, RecordType type, String why) {
    return new WantedRecord(purpose, owner, type, List.of(), new Requirement.NotKnown(why), "");
  }

  WantedRecord with(String other) {
    return new WantedRecord(purpose, owner, type, records, requirement, other);
  }
}
