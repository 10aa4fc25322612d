/**
 * {@code sealwax doctor}: what the receivers of this host's mail see of it, its names and its
 * records in the DNS, and how mail to its domains is protected; with the record or command that
 * fixes what is wrong. Each review is one class that looks and judges; {@link
 * org.sealwax.app.doctor.DoctorCommand} knows the configuration and prints.
 */
@NullMarked
package org.sealwax.app.doctor;

import org.jspecify.annotations.NullMarked;
